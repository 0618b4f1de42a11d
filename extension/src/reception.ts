// Where the extension's own pages are answered. Nobody else is: not a content script, not a web page, not another
// extension, whatever they send.

import { browser } from 'wxt/browser'
import type { Bell } from './bell.ts'
import { openConsentWindow } from './gate/consent_window.ts'
import { captureByHand, readByHand } from './hand.ts'
import { onMessage, type Reply, type Requests } from './messages.ts'
import { Problem } from './wire.ts'

type Handlers = { [K in keyof Requests]: (data: Requests[K]['data'], bell: Bell) => Promise<Requests[K]['answer']> }

/** For what answers nothing but that it was done. */
async function done(work: Promise<unknown>): Promise<null> {
  await work
  return null
}

const HANDLERS: Handlers = {
  status: (_, bell) => bell.overview(),
  pairWithRelay: ({ relay, name }, bell) => done(bell.pairing.withRelay(relay, name)),
  pairWithLaptop: ({ name }, bell) => done(bell.pairing.withLaptop(name)),
  confirmDigits: ({ match }, bell) => done(bell.pairing.confirm(match)),
  cancelPairing: (_, bell) => done(bell.pairing.cancel()),
  unpair: (_, bell) => done(bell.unpair()),
  pause: ({ paused }, bell) => done(bell.pause(paused)),
  approve: ({ id, scope }, bell) => done(bell.line.gate.approve(id, scope)),
  refuse: ({ id }, bell) => done(bell.line.gate.refuse(id)),
  undo: ({ id }, bell) => done(bell.undo(id)),
  captureTab: ({ mode, tabId }, bell) => captureByHand(bell, mode, tabId),
  readTab: ({ mode, tabId }, bell) => readByHand(bell, mode, tabId),
  keepNote: async (note, bell) => {
    const { path, where } = await bell.keep(note, crypto.randomUUID())
    return { path, where }
  },
  handOver: async (_, bell) => {
    const { problem, ...handed } = await bell.handOver()
    return { ...handed, ...(problem === null ? {} : { problem: problem.failure }) }
  },
  openRequests: ({ id }) => done(openConsentWindow(id)),
  rules: ({ grant }, bell) => bell.policy.rules(grant),
  setRule: ({ subject, rule, grant }, bell) => done(bell.policy.set(subject, rule, grant)),
  accessToken: async (_, bell) => ({ relay: bell.line.relay.url, token: await bell.line.relay.tokens.access() }),
}

/** Whether a message comes from one of our own pages: the browser writes the sender, and a page cannot. */
export function isOwnPage(sender: { id?: string | undefined; url?: string | undefined }): boolean {
  return sender.id === browser.runtime.id && (sender.url?.startsWith(browser.runtime.getURL('/')) ?? false)
}

/** Answer requests for as long as the worker lives. Must be called while it starts, before anything is waited for. */
export function receive(bell: () => Promise<Bell>): void {
  for (const type of Object.keys(HANDLERS) as (keyof Requests)[]) open(type, bell)
}

function open<K extends keyof Requests>(type: K, bell: () => Promise<Bell>): void {
  const handle = HANDLERS[type]
  const answer = async (message: {
    data: Requests[K]['data']
    sender: { id?: string; url?: string }
  }): Promise<Reply<Requests[K]['answer']>> => {
    try {
      if (!isOwnPage(message.sender)) throw new Problem('foreign_origin', 'Only the pages of Deskbell are answered.')
      return { ok: true, value: await handle(message.data, await bell()) }
    } catch (error) {
      if (error instanceof Problem) return { ok: false, problem: error.failure }
      console.error(`${type} failed`, error)
      return { ok: false, problem: new Problem('internal', `The extension met an unexpected ${error}.`).failure }
    }
  }
  // The table above is checked; that each row fits its own name is beyond what the library's types can follow.
  ;(onMessage as unknown as (type: K, answer: (message: never) => unknown) => void)(type, answer)
}
