import { beforeEach, describe, expect, test } from 'vitest'
import type { ActContext } from '../../src/actions/context.ts'
import { PERFORMERS } from '../../src/actions/table.ts'
import { CATALOGUE } from '../../src/gate/catalogue.ts'
import { NotesRoom } from '../../src/notes/room.ts'
import { Problem } from '../../src/wire.ts'
import { ModelBrowser } from './browser.ts'

let browser: ModelBrowser

const CONTEXT: ActContext = {
  signal: new AbortController().signal,
  commandId: 'cmd_01932c07-5a00-7000-8000-000000000001',
  notes: new NotesRoom('unused'),
  save: async () => ({ path: 'x.md', where: 'browser' }),
}

function perform(action: string, args: Record<string, unknown> = {}, context: Partial<ActContext> = {}) {
  const performer = PERFORMERS[action]
  if (performer === undefined) throw new Error(`no performer for ${action}`)
  return performer(args, { ...CONTEXT, ...context })
}

async function code(action: string, args: Record<string, unknown>): Promise<string> {
  try {
    await perform(action, args)
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
  return 'no problem'
}

beforeEach(() => {
  browser = new ModelBrowser().install()
  browser.windows = [3, 1, 2]
  browser.popups = [2]
  browser.tabs = [
    {
      id: 11,
      windowId: 1,
      active: false,
      url: 'https://en.wikipedia.org/wiki/Oar?token=s3cret',
      title: 'Oar – Wikipedia',
      lastAccessed: 5,
    },
    {
      id: 12,
      windowId: 1,
      active: true,
      url: 'https://example.org/a',
      title: 'A\u202e <b>page</b>\n',
      lastAccessed: 9,
    },
    {
      id: 21,
      windowId: 2,
      active: true,
      url: 'chrome-extension://test-extension-id/consent.html',
      title: 'Consent',
      lastAccessed: 99,
    },
    { id: 31, windowId: 3, active: true, url: 'chrome://settings/', title: 'Settings', lastAccessed: 50 },
  ]
})

test('each action of the catalogue has a performer, and no performer stands outside it', () => {
  expect(Object.keys(PERFORMERS).sort()).toEqual([...CATALOGUE.keys()].sort())
})

describe('tab.open', () => {
  test('opens in the window that the person used last, not in the consent window, and brings it to the front', async () => {
    expect(await perform('tab.open', { url: 'https://example.com/x?y#z' })).toMatchObject({
      title: '',
      host: 'example.com',
    })
    expect(browser.opened).toEqual([{ url: 'https://example.com/x?y#z', active: true, windowId: 1 }])
    expect(browser.windows.at(-1)).toBe(1)
  })

  test('in the background it leaves what the person looks at', async () => {
    await perform('tab.open', { url: 'https://example.com/', background: true })
    expect(browser.opened).toEqual([{ url: 'https://example.com/', active: false, windowId: 1 }])
    expect(browser.windows.at(-1)).toBe(2)
  })

  test('without a window it opens one', async () => {
    browser.windows = []
    expect(await perform('tab.open', { url: 'http://example.com' })).toMatchObject({ tab_id: 700, host: 'example.com' })
  })

  test.each([
    'javascript:alert(1)',
    'JAVASCRIPT:alert(1)//https://x.example',
    'data:text/html,<script>',
    'file:///etc/passwd',
    'chrome://settings',
    'about:blank',
    'view-source:https://x.example',
    'chrome-extension://abc/popup.html',
    'blob:https://x.example/1',
    'ftp://x.example/',
    'https:/x.example',
    'https:x.example',
    '//x.example',
    'x.example',
    'https://',
    'https://user@x.example/',
    'https://bank.example:secret@x.example/',
    'https://bank.example\\@x.example/',
    'https://x.example/a b',
    ' https://x.example/',
    'https://x.exa\u200bmple/',
    'https://x.example/\u202egnp',
    'java\nscript:alert(1)',
    `https://x.example/${'a'.repeat(2_000)}`,
  ])('%j is not opened', async (url) => {
    expect(await code('tab.open', { url })).toBe('address_refused')
    expect(browser.opened).toEqual([])
  })

  test.each([
    {},
    { url: 5 },
    { url: 'https://x.example/', backgroud: true },
    { url: 'https://x.example/', background: 'yes' },
  ])('arguments %j are refused', async (args) => {
    expect(await code('tab.open', args)).toBe('invalid_arguments')
  })

  test('a command that was cancelled opens nothing', async () => {
    const end = new AbortController()
    end.abort(new Problem('not_cancellable', 'It was cancelled.'))
    await expect(perform('tab.open', { url: 'https://x.example/' }, { signal: end.signal })).rejects.toThrow(
      'cancelled',
    )
    expect(browser.opened).toEqual([])
  })
})

describe('tab.list', () => {
  test('titles and hosts, the tab that the person looks at first, nothing of our own', async () => {
    expect(await perform('tab.list')).toEqual({
      tabs: [
        { tab_id: 12, title: 'A <b>page</b>', host: 'example.org', active: true, window_id: 1 },
        { tab_id: 31, title: 'Settings', host: '', active: true, window_id: 3 },
        { tab_id: 11, title: 'Oar – Wikipedia', host: 'en.wikipedia.org', active: false, window_id: 1 },
      ],
      total: 3,
      addresses: 'withheld',
    })
    expect(JSON.stringify(await perform('tab.list'))).not.toContain('s3cret')
  })

  test('full addresses only when they are asked for', async () => {
    const { tabs } = (await perform('tab.list', { addresses: true })) as { tabs: { url: string }[] }
    expect(tabs.map((tab) => tab.url)).toContain('https://en.wikipedia.org/wiki/Oar?token=s3cret')
  })

  test('a query meets titles and hosts, never what stands behind the host', async () => {
    const found = async (query: string) => ((await perform('tab.list', { query })) as { total: number }).total
    expect([await found('OAR'), await found('wikipédia'), await found('example.org')]).toEqual([1, 1, 1])
    expect([await found('s3cret'), await found('token'), await found('/wiki')]).toEqual([0, 0, 0])
  })

  test('of very many only so many as an answer holds, and how many there are', async () => {
    for (let id = 100; id < 1_100; id += 1) {
      browser.tabs.push({ id, windowId: 1, active: false, url: 'https://x.example/', title: 't'.repeat(500) })
    }
    const list = (await perform('tab.list')) as { tabs: unknown[]; total: number }
    expect(list.total).toBe(1_003)
    expect(list.tabs.length).toBeGreaterThan(100)
    expect(JSON.stringify(list).length).toBeLessThan(70_000)
  })

  test('without the permission it says so', async () => {
    browser.granted.delete('tabs')
    expect(await code('tab.list', {})).toBe('permission_missing')
  })
})

describe('tab.focus and tab.close', () => {
  test('focus brings the tab and its window to the front', async () => {
    expect(await perform('tab.focus', { tab_id: 11 })).toEqual({
      tab_id: 11,
      title: 'Oar – Wikipedia',
      host: 'en.wikipedia.org',
    })
    expect(browser.tabs.find((tab) => tab.id === 11)?.active).toBe(true)
    expect(browser.windows.at(-1)).toBe(1)
  })

  test('close closes that one', async () => {
    expect(await perform('tab.close', { tab_id: 12 })).toMatchObject({ tab_id: 12, host: 'example.org' })
    expect(browser.tabs.map((tab) => tab.id)).toEqual([11, 21, 31])
    expect(await code('tab.close', { tab_id: 12 })).toBe('tab_not_found')
  })

  test('the extension’s own pages are out of reach', async () => {
    for (const action of ['tab.close', 'tab.focus', 'page.capture', 'page.bookmark']) {
      expect(await code(action, { tab_id: 21 })).toBe('tab_not_found')
    }
    expect(browser.tabs).toHaveLength(4)
  })

  test.each([{}, { tab_id: '12' }, { tab_id: -1 }, { tab_id: 1.5 }, { tab_id: 12, all: true }])(
    'arguments %j are refused',
    async (args) => {
      expect(await code('tab.close', args)).toBe('invalid_arguments')
    },
  )
})

describe('page.bookmark', () => {
  test('the tab that the person looks at, in the usual place', async () => {
    expect(await perform('page.bookmark')).toEqual({
      title: 'A <b>page</b>',
      host: 'example.org',
      folder: 'Other bookmarks',
    })
    expect(browser.bookmarks.at(-1)).toMatchObject({ url: 'https://example.org/a', parentId: '2' })
  })

  test('a folder is found by its name, or made, and nothing comes twice', async () => {
    const args = { tab_id: 11, title: 'Oars', folder: 'Sea' }
    expect(await perform('page.bookmark', args)).toEqual({ title: 'Oars', host: 'en.wikipedia.org', folder: 'Sea' })
    const count = browser.bookmarks.length
    expect(await perform('page.bookmark', args)).toMatchObject({ folder: 'Sea' })
    expect(browser.bookmarks).toHaveLength(count)
  })

  test('a page of the browser, or a program for an address, is no bookmark', async () => {
    browser.tabs.push({ id: 41, windowId: 1, active: false, url: 'javascript:alert(1)', title: 'x' })
    expect(await code('page.bookmark', { tab_id: 31 })).toBe('address_refused')
    expect(await code('page.bookmark', { tab_id: 41 })).toBe('address_refused')
    expect(browser.bookmarks).toHaveLength(2)
  })

  test('without a permission it says so', async () => {
    browser.granted.delete('bookmarks')
    expect(await code('page.bookmark', {})).toBe('permission_missing')
    browser.granted = new Set(['bookmarks'])
    expect(await code('page.bookmark', {})).toBe('permission_missing')
  })
})
