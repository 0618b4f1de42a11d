// `page.bookmark`: a bookmark on a page that is open, in a folder by its name.

import { browser } from 'wxt/browser'
import { line } from '../capture/text.ts'
import { orNull, text } from '../shape.ts'
import { Problem } from '../wire.ts'
import { hostOf, shown, webAddress } from './address.ts'
import { argumentsOf } from './arguments.ts'
import type { Performer } from './context.ts'
import { activeTab, tabId, tabOf } from './tab.ts'

const read = argumentsOf({
  tab_id: orNull(tabId),
  title: orNull(text({ least: 1, most: 300 })),
  folder: orNull(text({ least: 1, most: 100 })),
})

export const bookmarkPage: Performer = async (args, { signal }) => {
  const { tab_id, title, folder } = read(args)
  if (!(await browser.permissions.contains({ permissions: ['bookmarks'] }))) {
    throw new Problem('permission_missing', 'The browser has not been allowed to make bookmarks.')
  }
  const tab = tab_id === null ? await activeTab() : await tabOf(tab_id)
  if (!tab.url) {
    throw new Problem('permission_missing', 'The browser has not been allowed to tell the address of that tab.')
  }
  // A bookmark on javascript: is a program that runs on whatever page is open when it is clicked.
  const url = webAddress(tab.url)
  const name = line(title ?? tab.title ?? '') || hostOf(url)
  signal.throwIfAborted()
  const parentId = folder === null ? undefined : await folderOf(line(folder, 100))
  const made = await once(url, name, parentId)
  return { title: made.title, host: hostOf(url), folder: await nameOf(made.parentId) }
}

/** The folder of that name, made beside the others if there is none. */
async function folderOf(name: string): Promise<string> {
  if (name === '') throw new Problem('invalid_arguments', `${shown(name)} is no name for a folder of bookmarks.`)
  const found = (await browser.bookmarks.search({ title: name })).find(
    (each) => each.url === undefined && each.title === name,
  )
  return (found ?? (await browser.bookmarks.create({ title: name }))).id
}

/** The bookmark: the one that stands there already, or a new one. */
async function once(url: string, title: string, parentId: string | undefined) {
  const there = await browser.bookmarks.search({ url })
  const same = there.find((each) => each.title === title && (parentId === undefined || each.parentId === parentId))
  return same ?? browser.bookmarks.create({ url, title, ...(parentId === undefined ? {} : { parentId }) })
}

async function nameOf(id: string | undefined): Promise<string> {
  if (id === undefined) return ''
  return (await browser.bookmarks.get(id))[0]?.title ?? ''
}
