// `tab.close`: closes one tab.

import { browser } from 'wxt/browser'
import { argumentsOf } from './arguments.ts'
import type { Performer } from './context.ts'
import { tabId, tabOf, tabRef } from './tab.ts'

const read = argumentsOf({ tab_id: tabId })

export const closeTab: Performer = async (args, { signal }) => {
  const tab = await tabOf(read(args).tab_id)
  signal.throwIfAborted()
  await browser.tabs.remove(tab.id as number)
  return tabRef(tab)
}
