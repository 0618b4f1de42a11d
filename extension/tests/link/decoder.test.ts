// The corpus that every decoder of Deskbell is held to, wherever the stream is cut.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Decoder, EventTooLarge, type ServerSentEvent } from '../../src/link/decoder.ts'

interface Case {
  name: string
  text?: string
  base64?: string
  max_event_bytes?: number
  events: { event: string; data: string; last_event_id: string }[]
  last_event_id: string
  retry_ms: number | null
  too_large?: boolean
}

const CORPUS = join(import.meta.dirname, '../../../wire/examples/sse')
const FILES = readdirSync(CORPUS).filter((name) => name.endsWith('.json'))
const CASES = FILES.flatMap((file) =>
  (JSON.parse(readFileSync(join(CORPUS, file), 'utf-8')) as { cases: Case[] }).cases.map(
    (each) => [`${file}: ${each.name}`, each] as const,
  ),
)

function bytesOf(each: Case): Uint8Array {
  return each.base64 === undefined ? new TextEncoder().encode(each.text) : Buffer.from(each.base64, 'base64')
}

function check(each: Case, chunks: Iterable<Uint8Array>): void {
  const decoder = new Decoder(each.max_event_bytes)
  const events: ServerSentEvent[] = []
  let tooLarge = false
  for (const chunk of chunks) {
    try {
      events.push(...decoder.feed(chunk))
    } catch (error) {
      if (!(error instanceof EventTooLarge)) throw error
      events.push(...error.events)
      tooLarge = true
      break
    }
  }
  expect(events.map(({ event, data, lastEventId }) => ({ event, data, last_event_id: lastEventId }))).toEqual(
    each.events,
  )
  expect(tooLarge).toBe(each.too_large ?? false)
  expect(decoder.lastEventId).toBe(each.last_event_id)
  expect(decoder.retryMs).toBe(each.retry_ms)
}

function* pieces(bytes: Uint8Array, empty: boolean): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) {
    if (empty) yield new Uint8Array()
    yield bytes.subarray(at, at + 1)
  }
}

it('has the whole corpus before it', () => {
  expect(FILES.length).toBeGreaterThanOrEqual(9)
  expect(CASES.length).toBeGreaterThanOrEqual(60)
})

describe.each(CASES)('%s', (_name, each) => {
  const bytes = bytesOf(each)

  it('is read in one piece', () => check(each, [bytes]))
  it('is read byte by byte', () => check(each, pieces(bytes, false)))
  it('is read with empty chunks between', () => check(each, pieces(bytes, true)))
  it('is read cut in two anywhere', () => {
    for (let at = 0; at <= bytes.length; at++) check(each, [bytes.subarray(0, at), bytes.subarray(at)])
  })
})

it('refuses a stream that was too large for good', () => {
  const decoder = new Decoder(16)
  const long = new TextEncoder().encode('data: 12345678901234567890\n\n')
  expect(() => decoder.feed(long)).toThrow(EventTooLarge)
  expect(() => decoder.feed(new TextEncoder().encode('data: a\n\n'))).toThrow(EventTooLarge)
})
