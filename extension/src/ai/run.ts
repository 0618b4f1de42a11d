/** A run as it is written: its pieces and its end, over cuts of the connection, each piece once. */

import { EventSourceParserStream } from 'eventsource-parser/stream'
import { Problem } from '../wire.ts'
import type { AiRelay } from './relay.ts'
import { type End, endOf, tokenOf } from './wire.ts'

export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'cut'; retryInMs: number }
  | { kind: 'back' }
  | { kind: 'end'; end: End }

/** The relay sends a `ping` every 15 s: a stream that is silent for longer than this is dead. */
const SILENCE_MS = 40_000

/** Waits between two tries: full jitter, doubled from one to the next. */
const FIRST_WAIT_MS = 500
const MOST_WAIT_MS = 15_000

/** After so many tries without one new event the person is told. */
const MOST_TRIES = 12

export interface Patience {
  silenceMs?: number
  firstWaitMs?: number
  random?: () => number
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
  const { silenceMs = SILENCE_MS, firstWaitMs = FIRST_WAIT_MS, random = Math.random } = patience
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
        if (event.event === 'token') {
          const text = tokenOf(parsed(event.data))
          length += text.length
          yield { kind: 'text', text }
        } else if (event.event === 'end') {
          return yield { kind: 'end', end: endOf(parsed(event.data)) }
        }
        cursor = event.id ?? cursor // after its effect
      }
    } catch (error) {
      failure = error
    }
    if (signal.aborted) return
    if (failure instanceof Problem && failure.code === 'run_not_resumable') return yield* rest(relay, run, length)
    if (!passes(failure) || ++tries >= MOST_TRIES) throw failure
    const retryInMs = Math.round(random() * Math.min(MOST_WAIT_MS, firstWaitMs * 2 ** (tries - 1)))
    cut = true
    yield { kind: 'cut', retryInMs }
    await pause(retryInMs, signal)
  }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    throw new Problem('internal', 'The relay sent an event that is no JSON.', 'Update the relay or the extension.')
  }
}

/** What a run whose stream is no longer kept has left: its text and its end. */
async function* rest(relay: AiRelay, run: string, length: number): AsyncGenerator<Piece> {
  const info = await relay.info(run)
  if (info.end === null) throw new Problem('run_not_resumable', 'The stream of this answer is lost.', 'Ask again.')
  if (info.text.length > length) yield { kind: 'text', text: info.text.slice(length) }
  yield { kind: 'end', end: info.end }
}

interface Event {
  id?: string | undefined
  event?: string | undefined
  data: string
}

/** The events of one connection. Throws Problem relay_unreachable when it falls silent. */
async function* events(
  relay: AiRelay,
  run: string,
  cursor: string | null,
  signal: AbortSignal,
  silenceMs: number,
): AsyncGenerator<Event> {
  const own = new AbortController()
  const leave = () => own.abort()
  signal.addEventListener('abort', leave)
  let watchdog = setTimeout(leave, silenceMs)
  try {
    const answer = await relay.stream(run, cursor, own.signal)
    if (answer.status === 204 || answer.body === null) {
      throw new Problem('run_not_resumable', 'This answer has ended already.')
    }
    const heard = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, out) => {
        clearTimeout(watchdog)
        watchdog = setTimeout(leave, silenceMs)
        out.enqueue(chunk)
      },
    })
    const decoder = new TextDecoderStream('utf-8', { ignoreBOM: true }) as unknown as TransformStream<
      Uint8Array,
      string
    >
    const read = answer.body
      .pipeThrough(heard)
      .pipeThrough(decoder)
      .pipeThrough(new EventSourceParserStream())
      .getReader()
    try {
      for (let next = await read.read(); !next.done; next = await read.read()) yield next.value
    } finally {
      await read.cancel().catch(() => undefined) // it has failed already, or nobody reads on
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('relay_unreachable', 'The connection to the relay was cut.', 'It is tried again by itself.')
  } finally {
    clearTimeout(watchdog)
    signal.removeEventListener('abort', leave)
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
