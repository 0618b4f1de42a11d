// `tab.focus`: brings a tab and its window to the front.

import { browser } from 'wxt/browser'
import { argumentsOf } from './arguments.ts'
import type { Performer } from './context.ts'
import { tabId, tabOf, tabRef } from './tab.ts'

const read = argumentsOf({ tab_id: tabId })

export const focusTab: Performer = async (args, { signal }) => {
  const tab = await tabOf(read(args).tab_id)
  signal.throwIfAborted()
  await browser.tabs.update(tab.id as number, { active: true })
  await browser.windows.update(tab.windowId, { focused: true })
  return tabRef(tab)
}
