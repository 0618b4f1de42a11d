// Tabs, as the actions find them.

import { type Browser, browser } from 'wxt/browser'
import { line } from '../capture/text.ts'
import { integer } from '../shape.ts'
import { Problem } from '../wire.ts'
import { hostOf } from './address.ts'

export type Tab = Browser.tabs.Tab

/** A tab's number in an action's arguments. */
export const tabId = integer(0)

/** What an action on a tab answers. */
export function tabRef(tab: Tab): { tab_id: number; title: string; host: string } {
  return { tab_id: tab.id ?? -1, title: line(tab.title ?? ''), host: hostOf(tab.url || tab.pendingUrl) }
}

/** The extension's own pages ask the person for consent: no assistant may show, read or close them. */
export function isOwn(tab: Tab): boolean {
  return (tab.url ?? tab.pendingUrl ?? '').startsWith(browser.runtime.getURL('/'))
}

/** Throws Problem `tab_not_found`. */
export async function tabOf(id: number): Promise<Tab> {
  const tab = await browser.tabs.get(id).catch(() => undefined) // it rejects for a number that no tab has
  if (tab === undefined || isOwn(tab))
    throw new Problem('tab_not_found', `The browser has no tab ${id}.`, 'See listTabs.')
  return tab
}

/** The tab that the person looks at, in the window that they used last; never one of ours. Throws Problem `tab_not_found`. */
export async function activeTab(): Promise<Tab> {
  const window = await lastWindow()
  const shown = await browser.tabs.query({ active: true, windowType: 'normal' })
  const own = shown.filter((tab) => !isOwn(tab))
  const found =
    own.find((tab) => tab.windowId === window) ?? own.sort((a, b) => (b.lastAccessed ?? 0) - (a.lastAccessed ?? 0))[0]
  if (found === undefined)
    throw new Problem('tab_not_found', 'No page is open in the browser.', 'Open one with openTab.')
  return found
}

/** The normal window that was used last: the consent window is none. Undefined when there is none. */
export async function lastWindow(): Promise<number | undefined> {
  const window = await browser.windows.getLastFocused({ windowTypes: ['normal'] }).catch(() => undefined) // no window at all
  return window?.type === undefined || window.type === 'normal' ? window?.id : undefined
}

/** Whether the person lets the extension see what the tabs are. */
export function seesTabs(): Promise<boolean> {
  return browser.permissions.contains({ permissions: ['tabs'] })
}
