// What the extension's pages may ask of the background, and what it tells them. Typed on both sides.

import { defineExtensionMessaging } from '@webext-core/messaging'
import type { NewNote, SavedNote } from './actions/context.ts'
import type { CaptureView, Overview, PageText, Rule, RulesView } from './face.ts'
import { type Failure, Problem } from './wire.ts'

/** An answer crosses as data: an exception would lose its code and its next step on the way. */
export type Reply<T> = { ok: true; value: T } | { ok: false; problem: Failure }

/** Requests, by name: what is given and what comes back. */
export interface Requests {
  status: { data: undefined; answer: Overview }
  pairWithRelay: { data: { relay: string; name: string }; answer: null }
  pairWithLaptop: { data: { name: string }; answer: null }
  confirmDigits: { data: { match: boolean }; answer: null }
  cancelPairing: { data: undefined; answer: null }
  unpair: { data: undefined; answer: null }
  pause: { data: { paused: boolean }; answer: null }
  approve: { data: { id: string; scope: 'once' | 'hour' }; answer: null }
  refuse: { data: { id: string }; answer: null }
  undo: { data: { id: string }; answer: null }
  captureTab: { data: { mode: 'page' | 'selection'; tabId?: number }; answer: CaptureView }
  /** A page's text for the chat: read as captureTab does, and kept nowhere. */
  readTab: { data: { mode: 'page' | 'selection'; tabId?: number }; answer: PageText }
  /** A chat's answer, kept as a captured page is: in the daemon's folder, or in the extension's own notes. */
  keepNote: { data: NewNote; answer: SavedNote }
  /** The browser's own notes go to the laptop now, also those that the person refused before. */
  handOver: { data: undefined; answer: { moved: number; left: number; problem?: Failure } }
  /** Show the consent window, the one that there is; `id`: the request to begin with. */
  openRequests: { data: { id?: string }; answer: null }
  /** The rules for all, or those of one assistant, by its grant. */
  rules: { data: { grant?: string }; answer: RulesView }
  setRule: { data: { subject: string; rule: Rule | 'default'; grant?: string }; answer: null }
  /** For src/ai/: the relay's address and a token good for at least a minute. A page never stores it. */
  accessToken: { data: undefined; answer: { relay: string; token: string } }
}

type Protocol = {
  [K in keyof Requests]: (data: Requests[K]['data']) => Reply<Requests[K]['answer']>
} & { statusChanged: (overview: Overview) => void }

export const { sendMessage, onMessage, removeAllListeners } = defineExtensionMessaging<Protocol>()

/** Ask the background. Throws Problem with the code, the sentence and the next step of what went wrong. */
export async function ask<K extends keyof Requests>(
  type: K,
  ...data: Requests[K]['data'] extends undefined ? [] : [Requests[K]['data']]
): Promise<Requests[K]['answer']> {
  const send = sendMessage as (type: K, data: unknown) => Promise<Reply<Requests[K]['answer']> | undefined>
  const reply = await send(type, data[0])
  if (reply === undefined) throw new Problem('internal', 'The background of the extension did not answer.')
  if (!reply.ok) throw Problem.from(reply.problem)
  return reply.value
}

/** Hear each change of the overview for as long as the page lives. Returns what ends it. */
export function onOverview(tell: (overview: Overview) => void): () => void {
  return onMessage('statusChanged', (message) => tell(message.data))
}
