// A browser for tests of the actions: windows, tabs and bookmarks as a model behind the calls that the actions make.

import { fakeBrowser } from 'wxt/testing/fake-browser'

export interface ModelTab {
  id: number
  windowId: number
  active: boolean
  url?: string
  title?: string
  lastAccessed?: number
  discarded?: boolean
}

export interface Bookmark {
  id: string
  title: string
  parentId?: string
  url?: string
}

export class ModelBrowser {
  tabs: ModelTab[] = []
  /** Window ids, the one used last at the end; `popups` are no normal windows. */
  windows: number[] = [1]
  popups: number[] = []
  bookmarks: Bookmark[] = [
    { id: '0', title: '' },
    { id: '2', title: 'Other bookmarks', parentId: '0' },
  ]
  granted = new Set<string>(['tabs', 'bookmarks'])
  /** What an injected call gives back, or throws. */
  script: (call: { target: { tabId: number }; files?: string[]; args?: unknown[] }) => unknown = () => undefined
  opened: { url?: string; windowId?: number; active?: boolean }[] = []

  /** Puts this model behind `browser`. */
  install(): this {
    const own = <T extends object>(target: T, methods: Record<string, unknown>) => Object.assign(target, methods)
    own(fakeBrowser.permissions, {
      contains: async ({ permissions = [] }: { permissions?: string[] }) =>
        permissions.every((each) => this.granted.has(each)),
    })
    own(fakeBrowser.tabs, {
      get: async (id: number) => this.seen(this.tab(id)),
      query: async (info: { active?: boolean; windowType?: string }) =>
        this.tabs
          .filter((tab) => info.active === undefined || tab.active === info.active)
          .filter((tab) => info.windowType !== 'normal' || !this.popups.includes(tab.windowId))
          .map((tab) => this.seen(tab)),
      create: async (wanted: { url: string; windowId: number; active: boolean }) => {
        this.opened.push(wanted)
        const tab = { id: 900 + this.tabs.length, ...wanted }
        this.tabs.push(tab)
        return tab
      },
      update: async (id: number, { active }: { active: boolean }) => Object.assign(this.tab(id), { active }),
      remove: async (id: number) => {
        this.tabs = this.tabs.filter((tab) => tab !== this.tab(id))
      },
    })
    own(fakeBrowser.windows, {
      getLastFocused: async () => {
        const id = this.windows.filter((each) => !this.popups.includes(each)).at(-1)
        if (id === undefined) throw new Error('No window is open.')
        return { id, type: 'normal' }
      },
      update: async (id: number) => {
        this.windows = [...this.windows.filter((each) => each !== id), id]
        return { id }
      },
      create: async ({ url }: { url: string }) => {
        this.opened.push({ url })
        return { id: 7, tabs: [{ id: 700, windowId: 7, url }] }
      },
    })
    own(fakeBrowser.scripting, {
      executeScript: async (call: Parameters<ModelBrowser['script']>[0]) => [{ result: await this.script(call) }],
    })
    own(fakeBrowser.bookmarks, {
      search: async (wanted: { title?: string; url?: string }) =>
        this.bookmarks.filter(
          (each) => each.title === wanted.title || (wanted.url !== undefined && each.url === wanted.url),
        ),
      create: async (wanted: Omit<Bookmark, 'id'>) => {
        const made = { parentId: '2', ...wanted, id: String(100 + this.bookmarks.length) }
        this.bookmarks.push(made)
        return made
      },
      get: async (id: string) => this.bookmarks.filter((each) => each.id === id),
    })
    return this
  }

  private tab(id: number): ModelTab {
    const found = this.tabs.find((tab) => tab.id === id)
    if (found === undefined) throw new Error(`No tab with id: ${id}.`)
    return found
  }

  /** Without the permission a browser tells neither title nor address. */
  private seen(tab: ModelTab): ModelTab {
    if (this.granted.has('tabs')) return { ...tab }
    const { url: _, title: __, ...rest } = tab
    return rest
  }
}
