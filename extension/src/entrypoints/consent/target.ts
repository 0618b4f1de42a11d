/** Which page a request is about, and what the browser must permit before it can be done. */

import { useCallback, useEffect, useState } from 'preact/hooks'
import { browser } from 'wxt/browser'
import { activeTab, tabOf } from '../../actions/tab.ts'
import type { Waiting } from '../../face.ts'
import { originsOf, type Permissions } from '../../ui/permission.ts'

/** The tab, as far as the browser tells: without a permission it has neither title nor address. */
export interface Target {
  title: string | undefined
  url: string | undefined
}

const ABOUT_A_TAB = new Set(['page.capture', 'page.bookmark', 'tab.close', 'tab.focus'])

/** Whether the request names a tab, or means the one in front. */
export function isAboutTab(action: string): boolean {
  return ABOUT_A_TAB.has(action)
}

/** What this request needs of the browser. Empty lists: nothing. `target`: the page, once it is known. */
export function needs(action: string, target: Target | null): Permissions {
  const permissions: Permissions['permissions'] = []
  if (action === 'tab.list' || action === 'tab.close' || action === 'tab.focus') permissions.push('tabs')
  if (action === 'page.bookmark') permissions.push('bookmarks')
  const origins = action === 'page.capture' && target?.url ? originsOf(target.url) : []
  return { permissions, origins }
}

/** The tab that `waiting` means, looked up again as tabs change; null: there is none. `look`: look once more. */
export function useTarget(waiting: Waiting): { target: Target | null | undefined; look: () => void } {
  const [target, setTarget] = useState<Target | null | undefined>(undefined)
  const id = waiting.arguments.tab_id
  const about = isAboutTab(waiting.action)
  const look = useCallback(() => {
    if (!about) return setTarget(null)
    // The same tab that the action will take.
    const asked = typeof id === 'number' ? tabOf(id) : activeTab()
    asked.then(
      (tab) => setTarget({ title: tab.title, url: tab.url }),
      () => setTarget(null), // it is gone, or one of our own
    )
  }, [about, id])
  useEffect(() => {
    look()
    const changed = () => look()
    browser.tabs.onUpdated.addListener(changed)
    browser.tabs.onActivated.addListener(changed)
    browser.tabs.onRemoved.addListener(changed)
    return () => {
      browser.tabs.onUpdated.removeListener(changed)
      browser.tabs.onActivated.removeListener(changed)
      browser.tabs.onRemoved.removeListener(changed)
    }
  }, [look])
  return { target, look }
}
