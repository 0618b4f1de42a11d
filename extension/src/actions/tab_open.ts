// `tab.open`: opens a web page in a new tab.

import { browser } from 'wxt/browser'
import { orElse, text, yesNo } from '../shape.ts'
import { Problem } from '../wire.ts'
import { hostOf, shown, webAddress } from './address.ts'
import { argumentsOf } from './arguments.ts'
import type { Performer } from './context.ts'
import { lastWindow, type Tab } from './tab.ts'

const read = argumentsOf({ url: text({ least: 1 }), background: orElse(yesNo, false) })

export const openTab: Performer = async (args, { signal }) => {
  const { url, background } = read(args)
  const address = webAddress(url)
  const windowId = await lastWindow()
  signal.throwIfAborted()
  const tab = await made(address, background, windowId)
  if (!background && tab?.windowId !== undefined) await browser.windows.update(tab.windowId, { focused: true })
  // The page is only beginning to load: it has no title yet, and whatever it calls itself later is not ours to wait for.
  return { tab_id: tab?.id ?? -1, title: '', host: hostOf(address) }
}

async function made(url: string, background: boolean, windowId: number | undefined): Promise<Tab | undefined> {
  try {
    if (windowId !== undefined) return await browser.tabs.create({ url, active: !background, windowId })
    return (await browser.windows.create({ url, focused: !background }))?.tabs?.[0]
  } catch (error) {
    throw new Problem('address_refused', `The browser did not open ${shown(url)}: ${(error as Error).message}`)
  }
}
