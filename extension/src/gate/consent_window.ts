// The one window in which the person is asked: small, in front, the same for one request and for many.

import { browser } from 'wxt/browser'
import { forget, read, write } from '../store/session.ts'

const WIDTH = 460
const HEIGHT = 640
/** How often it may open of itself within a minute: whoever closes it is not to be chased by it. */
const MOST_A_MINUTE = 3

let opening: Promise<void> = Promise.resolve()

/** A request has come: bring the window, unless it was brought too often; the badge says it in any case. */
export function bringConsentWindow(id: string): Promise<void> {
  return inTurn(async () => {
    if (await isOpen()) return // it lists the new one too, and is not to change under the person's hand
    const now = Date.now()
    const lately = ((await read('consentOpened')) ?? []).filter((at) => at > now - 60_000 && at <= now)
    if (lately.length >= MOST_A_MINUTE) return
    await write('consentOpened', [...lately, now])
    await create(id)
  })
}

/** The person wants to see it. */
export function openConsentWindow(id?: string): Promise<void> {
  return inTurn(async () => {
    const window = await read('consentWindow')
    if (window !== undefined && (await isOpen())) await browser.windows.update(window, { focused: true })
    else await create(id)
  })
}

/** One after the other, so that two requests at once do not make two windows. */
function inTurn(work: () => Promise<void>): Promise<void> {
  const turn = opening.then(work)
  opening = turn.catch(() => undefined) // whoever asked hears it; the next one's turn comes all the same
  return turn
}

async function isOpen(): Promise<boolean> {
  const id = await read('consentWindow')
  if (id === undefined) return false
  try {
    await browser.windows.get(id) // within one run of the browser a number is not used again
    return true
  } catch {
    await forget('consentWindow') // it was closed
    return false
  }
}

async function create(id?: string): Promise<void> {
  const query = id === undefined ? '' : `?id=${encodeURIComponent(id)}`
  const window = await browser.windows.create({
    type: 'popup',
    url: browser.runtime.getURL(`/consent.html${query}`),
    width: WIDTH,
    height: HEIGHT,
    focused: true,
  })
  if (window?.id !== undefined) await write('consentWindow', window.id)
}
