// `tab.list`: the open tabs by title and host; their full addresses only when they are asked for, which asks the person.

import { browser } from 'wxt/browser'
import { line } from '../capture/text.ts'
import { folded } from '../notes/words.ts'
import { orElse, orNull, text, yesNo } from '../shape.ts'
import { Problem } from '../wire.ts'
import { hostOf } from './address.ts'
import { argumentsOf } from './arguments.ts'
import type { Performer } from './context.ts'
import { isOwn, lastWindow, seesTabs, type Tab } from './tab.ts'

const MOST_TABS = 200
const MOST_CHARACTERS = 60_000

const read = argumentsOf({ addresses: orElse(yesNo, false), query: orNull(text({ least: 1, most: 200 })) })

export const listTabs: Performer = async (args) => {
  const { addresses, query } = read(args)
  if (!(await seesTabs())) {
    throw new Problem(
      'permission_missing',
      'The browser has not been allowed to tell what its tabs are.',
      'Ask the user to allow it in the extension (Rules → See the open tabs), then ask again.',
    )
  }
  const window = await lastWindow()
  const all = (await browser.tabs.query({})).filter((tab) => tab.id !== undefined && !isOwn(tab))
  // By title and host alone: a query that met the path would tell what the person did not permit to be told.
  const wanted = query === null ? null : folded(query)
  const found =
    wanted === null ? all : all.filter((tab) => folded(`${tab.title ?? ''}\n${hostOf(tab.url)}`).includes(wanted))
  found.sort((a, b) => rank(b, window) - rank(a, window) || (b.lastAccessed ?? 0) - (a.lastAccessed ?? 0))
  return {
    tabs: fitting(found.map((tab) => entry(tab, addresses))),
    total: found.length,
    addresses: addresses ? 'given' : 'withheld',
  }
}

/** The tab that the person looks at first, then those on show in other windows. */
function rank(tab: Tab, window: number | undefined): number {
  return (tab.active ? 1 : 0) + (tab.active && tab.windowId === window ? 1 : 0)
}

function entry(tab: Tab, addresses: boolean) {
  const url = addresses ? { url: (tab.url ?? '').slice(0, 2_000) } : {}
  const { id, title, active, windowId } = tab
  return { tab_id: id, title: line(title ?? '', 200), host: hostOf(tab.url), ...url, active, window_id: windowId }
}

/** As many as an answer holds. */
function fitting<T>(entries: T[]): T[] {
  let left = MOST_CHARACTERS
  const end = entries.slice(0, MOST_TABS).findIndex((each) => {
    left -= JSON.stringify(each).length
    return left < 0
  })
  return entries.slice(0, end < 0 ? MOST_TABS : end)
}
