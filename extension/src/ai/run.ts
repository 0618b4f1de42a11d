/** A run as it is written: its pieces and its end, over cuts of the connection, each piece once. */

import { Backoff } from '../link/backoff.ts'
import { Decoder, EventTooLarge, type ServerSentEvent } from '../link/decoder.ts'
import { Problem } from '../wire.ts'
import type { AiRelay } from './relay.ts'
import { type End, end, parsed, token } from './wire.ts'

export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'cut'; retryInMs: number }
  | { kind: 'back' }
  | { kind: 'end'; end: End }

/** The relay sends a `ping` every 15 s: a stream that is silent for longer than this is dead. */
const SILENCE_MS = 40_000

/** After so many tries without one new event the person is told. */
const MOST_TRIES = 12

export interface Patience {
  silenceMs?: number
  backoff?: Backoff
}

/** Problems that pass by themselves; every other one is the answer. */
const PASSING = new Set(['draining', 'rate_limited', 'relay_unreachable', 'storage_unavailable', 'too_many_viewers'])

function passes(error: unknown): boolean {
  return error instanceof Problem && PASSING.has(error.code)
}

/**
 * The pieces of `run` from its beginning to its end, the last one is `end`. Ends quietly when `signal` is aborted:
 * whoever only looks away stops nothing. Throws Problem when the run cannot be read any more.
 */
export async function* follow(
  relay: AiRelay,
  run: string,
  signal: AbortSignal,
  patience: Patience = {},
): AsyncGenerator<Piece> {
  const { silenceMs = SILENCE_MS, backoff = new Backoff(500, 15_000) } = patience
  let cursor: string | null = null
  let length = 0
  let tries = 0
  let cut = false
  while (!signal.aborted) {
    let failure: unknown = new Problem('relay_unreachable', 'The connection to the relay ended.', 'Try again.')
    try {
      for await (const event of events(relay, run, cursor, signal, silenceMs)) {
        if (cut) yield { kind: 'back' }
        cut = false
        tries = 0
        backoff.reset()
        if (event.event === 'token') {
          const { text } = parsed(token, event.data)
          length += text.length
          yield { kind: 'text', text }
        } else if (event.event === 'end') {
          return yield { kind: 'end', end: parsed(end, event.data) }
        }
        if (event.lastEventId !== '') cursor = event.lastEventId // after its effect
      }
    } catch (error) {
      failure = error
    }
    if (signal.aborted) return
    if (failure instanceof Problem && failure.code === 'run_not_resumable') return yield* rest(relay, run, length)
    if (!passes(failure) || ++tries >= MOST_TRIES) throw failure
    const retryInMs = backoff.nextMs()
    cut = true
    yield { kind: 'cut', retryInMs }
    await pause(retryInMs, signal)
  }
}

/** What a run whose stream is no longer kept has left: its text and its end. */
async function* rest(relay: AiRelay, run: string, length: number): AsyncGenerator<Piece> {
  const info = await relay.info(run)
  if (info.end === null) throw new Problem('run_not_resumable', 'The stream of this answer is lost.', 'Ask again.')
  if (info.text.length > length) yield { kind: 'text', text: info.text.slice(length) }
  yield { kind: 'end', end: info.end }
}

/** The events of one connection. Throws Problem relay_unreachable when it falls silent. */
async function* events(
  relay: AiRelay,
  run: string,
  cursor: string | null,
  signal: AbortSignal,
  silenceMs: number,
): AsyncGenerator<ServerSentEvent> {
  const own = new AbortController()
  const leave = () => own.abort()
  signal.addEventListener('abort', leave)
  let watchdog = setTimeout(leave, silenceMs)
  try {
    const answer = await relay.stream(run, cursor, own.signal)
    if (answer.status === 204 || answer.body === null) {
      throw new Problem('run_not_resumable', 'This answer has ended already.')
    }
    const decoder = new Decoder()
    const reader = answer.body.getReader()
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      clearTimeout(watchdog)
      yield* decoder.feed(next.value)
      watchdog = setTimeout(leave, silenceMs)
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    if (error instanceof EventTooLarge) throw new Problem('internal', error.message)
    // fetch and the body's reader throw TypeError for every fault of the network, without saying more.
    if (!(error instanceof TypeError) && !own.signal.aborted) throw error
    throw new Problem('relay_unreachable', 'The connection to the relay was cut.', 'It is tried again by itself.')
  } finally {
    clearTimeout(watchdog)
    signal.removeEventListener('abort', leave)
    leave() // closes the connection
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
