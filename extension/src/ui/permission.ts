/** What the browser must permit first, and its own question for it. */

import { browser } from 'wxt/browser'

export interface Permissions {
  permissions: ('tabs' | 'bookmarks')[]
  origins: string[]
}

export const SEE_TABS: Permissions = { permissions: ['tabs'], origins: [] }

/** The one site of that address, as a match pattern; none for what is no web page. */
export function originsOf(url: string): string[] {
  if (!URL.canParse(url)) return []
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' || protocol === 'https:' ? [`${protocol}//${hostname}/*`] : []
}

/**
 * Asks the browser's own question; at once true when it was answered before, or nothing is wanted.
 * Call it first thing in a click, before anything is awaited: Firefox takes it nowhere else.
 */
export function permit(wanted: Permissions): Promise<boolean> {
  if (wanted.permissions.length === 0 && wanted.origins.length === 0) return Promise.resolve(true)
  return browser.permissions.request(wanted)
}
