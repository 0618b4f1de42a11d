// A stream that comes back: what EventSource is in a page, with a bearer token, a watchdog, a backoff and a reader that
// is waited for (WHATWG HTML 9.2).

import { Problem } from '../wire.ts'
import { Backoff, retryAfterMs } from './backoff.ts'
import { Decoder, EventTooLarge, type ServerSentEvent } from './decoder.ts'

/** What `take` throws to end the stream in order: come back after so long. */
export class StreamEnd extends Error {
  override readonly name = 'StreamEnd'

  constructor(
    message: string,
    readonly atLeastMs: number,
  ) {
    super(message)
  }
}

export interface SourceOptions {
  /** Asked before each try. Throws Problem; `revoked_token` and `not_paired` close the source for good. */
  request(): Promise<{ url: string; token: string; lastEventId: string | null }>
  /** The relay answered 401 to this token; the next `request` gives another. */
  rejected(token: string): void
  /** Whole events, in order. Nothing more is read before it resolves; what it throws ends this connection. */
  take(events: ServerSentEvent[]): Promise<void>
  opened?(): void
  /** A connection ended. `pauseMs`: until the next try; null: there will be none. */
  failed?(problem: Problem, pauseMs: number | null): void
  watchdogMs?: number
  backoff?: Backoff
}

const WATCHDOG_MS = 40_000
/** A connection that lived so long forgives the failures before it; a shorter one does not, or it would be hammered. */
const STEADY_MS = 10_000
const FINAL = new Set(['revoked_token', 'not_paired'])

export class RelayEventSource {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSED = 2

  readyState: 0 | 1 | 2 = RelayEventSource.CONNECTING
  /** Resolves when the source is closed. */
  readonly closed: Promise<void>

  readonly #options: SourceOptions
  readonly #backoff: Backoff
  readonly #end = new AbortController()
  #wake: () => void = () => {}
  #retryMs = 0
  #withoutCursor = false

  constructor(options: SourceOptions) {
    this.#options = options
    this.#backoff = options.backoff ?? new Backoff()
    this.closed = this.#run()
  }

  close(): void {
    this.readyState = RelayEventSource.CLOSED
    this.#end.abort()
    this.#wake()
  }

  /** Try again now instead of after the pause. */
  wake(): void {
    this.#wake()
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      this.readyState = RelayEventSource.CONNECTING
      const began = Date.now()
      let atLeastMs = this.#retryMs
      let problem: Problem
      try {
        await this.#connect()
        problem = new Problem('relay_unreachable', 'The relay closed the stream.')
      } catch (error) {
        if (this.#end.signal.aborted) break
        problem = asProblem(error)
        if (error instanceof StreamEnd) atLeastMs = Math.max(atLeastMs, error.atLeastMs)
        if (error instanceof Refusal) atLeastMs = Math.max(atLeastMs, error.atLeastMs)
      }
      if (this.#end.signal.aborted) break
      if (FINAL.has(problem.code)) {
        this.readyState = RelayEventSource.CLOSED
        this.#options.failed?.(problem, null)
        return
      }
      this.readyState = RelayEventSource.CONNECTING
      if (Date.now() - began > STEADY_MS) this.#backoff.reset()
      const pause = this.#backoff.nextMs(atLeastMs)
      this.#options.failed?.(problem, pause)
      await this.#sleep(pause)
    }
    this.readyState = RelayEventSource.CLOSED
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #connect(): Promise<void> {
    // A 401 refreshes once; a second one for a fresh token means that the device was revoked.
    for (const last of [false, true]) {
      const { url, token, lastEventId } = await this.#options.request()
      const connection = new AbortController()
      const abort = () => connection.abort()
      this.#end.signal.addEventListener('abort', abort)
      const watchdog = new Watchdog(this.#options.watchdogMs ?? WATCHDOG_MS, abort)
      try {
        const response = await fetch(url, {
          headers: {
            Authorization: `Bearer ${token}`,
            Accept: 'text/event-stream',
            ...(lastEventId === null || this.#withoutCursor ? {} : { 'Last-Event-ID': lastEventId }),
          },
          cache: 'no-store',
          credentials: 'omit',
          redirect: 'error',
          signal: connection.signal,
        })
        if (response.status === 401) {
          this.#options.rejected(token)
          await response.body?.cancel()
          if (!last) continue
        }
        await this.#check(response)
        await this.#read(response.body as ReadableStream<Uint8Array>, watchdog)
        return
      } catch (error) {
        if (watchdog.barked) {
          throw new Problem('relay_unreachable', `The relay was silent for ${watchdog.ms / 1_000} s.`)
        }
        throw error
      } finally {
        watchdog.stop()
        this.#end.signal.removeEventListener('abort', abort)
        connection.abort()
      }
    }
  }

  async #check(response: Response): Promise<void> {
    if (response.status === 200) {
      const type = response.headers.get('Content-Type') ?? ''
      if (/^text\/event-stream\s*(;|$)/i.test(type) && response.body !== null) return
      throw new Problem(
        'relay_unreachable',
        `The relay answered with ${type.slice(0, 60) || 'nothing'} instead of a stream.`,
        'Perhaps this network shows a log-in page: open any page to see it.',
      )
    }
    if (response.status === 401) throw revoked()
    const body = (await response.text()).slice(0, 10_000)
    if (response.status === 400 && body.includes('invalid_cursor')) this.#withoutCursor = true // the ledger knows
    throw new Refusal(
      response.status === 429 ? 'rate_limited' : 'relay_unreachable',
      `The relay answered ${response.status} to the stream.`,
      retryAfterMs(response.headers.get('Retry-After')),
    )
  }

  async #read(body: ReadableStream<Uint8Array>, watchdog: Watchdog): Promise<void> {
    const decoder = new Decoder()
    const reader = body.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      let tooLarge: EventTooLarge | null = null
      let events: ServerSentEvent[]
      try {
        events = decoder.feed(value)
      } catch (error) {
        if (!(error instanceof EventTooLarge)) throw error
        tooLarge = error
        events = error.events
      }
      if (decoder.retryMs !== null) this.#retryMs = Math.min(decoder.retryMs, this.#backoff.lastMs)
      if (events.length > 0) {
        watchdog.stop() // what the ledger takes long to write is not the relay's silence
        if (this.readyState !== RelayEventSource.OPEN) {
          this.readyState = RelayEventSource.OPEN
          this.#withoutCursor = false
          this.#options.opened?.()
        }
        await this.#options.take(events)
        watchdog.start()
      }
      if (tooLarge !== null) throw new Problem('relay_unreachable', tooLarge.message)
    }
  }
}

/** Barks once when nothing came for `ms`. */
class Watchdog {
  barked = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly ms: number,
    readonly bark: () => void,
  ) {
    this.start()
  }

  start(): void {
    this.stop()
    this.#timer = setTimeout(() => {
      this.barked = true
      this.bark()
    }, this.ms)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

/** A problem with the pause that the relay asked for. */
export class Refusal extends Problem {
  constructor(
    code: string,
    message: string,
    readonly atLeastMs: number,
  ) {
    super(code, message)
  }
}

export function revoked(): Problem {
  return new Problem(
    'revoked_token',
    'The relay no longer accepts this browser: it was revoked, or its tokens were used elsewhere.',
    'Pair it again.',
  )
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof StreamEnd) return new Problem('draining', error.message)
  // fetch and the body's reader throw TypeError for every fault of the network, without saying more.
  if (error instanceof TypeError) return new Problem('relay_unreachable', 'The relay cannot be reached.')
  return new Problem('internal', `The stream met an unexpected ${error instanceof Error ? error.message : error}.`)
}
