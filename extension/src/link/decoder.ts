// Reads one event stream from its bytes, cut anywhere (WHATWG HTML 9.2.6), with a limit on what one event may hold.
// wire/examples/sse/ holds what it must do; the Python decoder does the same.

import { createParser, type EventSourceParser } from 'eventsource-parser'

/** One dispatched event: its type, its data, and the last event id at its blank line. */
export interface ServerSentEvent {
  event: string
  data: string
  lastEventId: string
}

/** The stream holds an event above the limit; `events` are the whole ones of the same chunk before it. */
export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge'

  constructor(
    readonly most: number,
    readonly events: ServerSentEvent[],
  ) {
    super(`The stream holds an event of more than ${most} bytes.`)
  }
}

const CR = 0x0d
const LF = 0x0a
const COLON = 0x3a
const DATA = [0x64, 0x61, 0x74, 0x61]
const BOM = [0xef, 0xbb, 0xbf]

/** One decoder a connection: the standard discards an unfinished event when a stream ends. */
export class Decoder {
  /** Committed at blank lines only; "" at first. Covers the events that `feed` returned and no others. */
  lastEventId = ''
  /** The last valid `retry` in milliseconds, at most 2**53-1; null at first. */
  retryMs: number | null = null

  readonly #measure: Measure
  readonly #parser: EventSourceParser
  // ignoreBOM: the parser drops the one at the start itself; a TextDecoder would drop it and let the parser drop a second.
  readonly #text = new TextDecoder('utf-8', { ignoreBOM: true })
  #events: ServerSentEvent[] = []
  #broken = false

  constructor(readonly mostEventBytes = 2_000_000) {
    this.#measure = new Measure(mostEventBytes)
    this.#parser = createParser({
      onId: (id) => {
        this.lastEventId = id
      },
      onRetry: (ms) => {
        this.retryMs = Math.min(ms, Number.MAX_SAFE_INTEGER)
      },
      onEvent: ({ event, data }) =>
        this.#events.push({ event: event || 'message', data, lastEventId: this.lastEventId }),
    })
  }

  /** Take the stream's next bytes; gives the events that they complete. Throws EventTooLarge, then at every later call. */
  feed(chunk: Uint8Array): ServerSentEvent[] {
    if (this.#broken) throw new EventTooLarge(this.mostEventBytes, [])
    const fits = this.#measure.take(chunk)
    this.#parser.feed(this.#text.decode(chunk.subarray(0, fits), { stream: true }))
    const events = this.#events
    this.#events = []
    if (fits < chunk.length) {
      this.#broken = true
      throw new EventTooLarge(this.mostEventBytes, events)
    }
    return events
  }
}

/** Counts the bytes of the line being read and of the data lines kept for one event; line ends are not counted. */
class Measure {
  #line = 0
  #kept = 0
  #first = true
  #afterCr = false
  #data = true // the line so far begins as a `data` field does
  #bom = true // the first line so far begins as a byte order mark does

  constructor(readonly most: number) {}

  /** How many bytes of `chunk` may be read on: all of them, or those before the line that is too much. */
  take(chunk: Uint8Array): number {
    let begin = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (byte === LF && this.#afterCr) {
        this.#afterCr = false
        begin = at + 1
        continue
      }
      this.#afterCr = byte === CR
      if (byte === CR || byte === LF) {
        this.#end()
        begin = at + 1
        continue
      }
      this.#count(byte)
      if (this.#kept + this.#line > this.most) return begin
    }
    return chunk.length
  }

  #count(byte: number): void {
    const place = this.#line
    if (place < DATA.length) this.#data = this.#data && byte === DATA[place]
    else if (place === DATA.length) this.#data = this.#data && byte === COLON
    this.#line++
    if (!this.#first || !this.#bom || place >= BOM.length) return
    this.#bom = byte === BOM[place]
    if (!this.#bom || place < BOM.length - 1) return
    this.#line = 0
    this.#first = false
    this.#data = true
  }

  #end(): void {
    if (this.#line === 0) this.#kept = 0
    else if (this.#data && this.#line >= DATA.length) this.#kept += this.#line
    this.#line = 0
    this.#first = false
    this.#data = true
  }
}
