/** The ways from one page of the extension to another. */

import { browser } from 'wxt/browser'
import { ask } from '../messages.ts'

/** The notes page, in a tab; the one that is open already comes to the front. `path`: the note to show. */
export async function openNotes(path?: string): Promise<void> {
  const address = browser.runtime.getURL('/notes.html')
  await browser.tabs.create({ url: path === undefined ? address : `${address}#${encodeURIComponent(path)}` })
}

/** The consent window, of which there is one. */
export async function openRequests(id?: string): Promise<void> {
  await ask('openRequests', id === undefined ? {} : { id })
}

interface Sidebar {
  open(): Promise<void>
}

/** The side panel of this window; Firefox calls it a sidebar. Only inside a click: both browsers want one. */
export async function openPanel(): Promise<void> {
  const sidebar = (browser as unknown as { sidebarAction?: Sidebar }).sidebarAction
  if (sidebar !== undefined) return sidebar.open()
  // Not `windows.getCurrent`: by its answer the click would be over. This constant needs no waiting.
  return browser.sidePanel.open({ windowId: browser.windows.WINDOW_ID_CURRENT })
}
