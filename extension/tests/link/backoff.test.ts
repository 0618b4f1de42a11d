// Pauses that grow, are drawn at random, and are never shorter than the relay asked for; and the relay's clock.

import { afterEach, expect, it, vi } from 'vitest'
import { Backoff, MOST_ASKED_MS, retryAfterMs } from '../../src/link/backoff.ts'
import { fromInstant, RelayClock, toInstant } from '../../src/link/clock.ts'

afterEach(() => {
  vi.useRealTimers()
})

it('doubles up to its limit, and begins anew', () => {
  const backoff = new Backoff(500, 60_000, () => 1)
  expect(Array.from({ length: 9 }, () => backoff.nextMs())).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
  ])
  backoff.reset()
  expect(backoff.nextMs()).toBe(500)
})

it('draws between nothing and all of it', () => {
  expect(new Backoff(500, 60_000, () => 0).nextMs()).toBe(0)
  const drawn = Array.from({ length: 200 }, () => new Backoff().nextMs())
  expect(Math.min(...drawn)).toBeLessThan(100)
  expect(Math.max(...drawn)).toBeGreaterThan(400)
})

it('comes on top of what the relay asked for, which cannot switch the browser off', () => {
  expect(new Backoff(500, 60_000, () => 0).nextMs(7_000)).toBe(7_000)
  expect(new Backoff(500, 60_000, () => 0).nextMs(Number.MAX_SAFE_INTEGER)).toBe(MOST_ASKED_MS)
})

it.each([
  [null, 0],
  ['', 0],
  ['soon', 0],
  ['-1', 0],
  ['7', 7_000],
  ['999999999', MOST_ASKED_MS],
  ['Tue, 24 Nov 2026 14:00:30 GMT', 30_000],
  ['Tue, 24 Nov 2026 13:00:00 GMT', 0],
])('reads Retry-After: %s', (value, ms) => {
  expect(retryAfterMs(value, Date.parse('2026-11-24T14:00:00Z'))).toBe(ms)
})

it('writes and reads instants with microseconds', () => {
  expect(toInstant(Date.parse('2026-11-24T13:52:01.123Z'))).toBe('2026-11-24T13:52:01.123000Z')
  expect(fromInstant('2026-11-24T13:52:01.123456Z')).toBe(Date.parse('2026-11-24T13:52:01.123Z'))
})

it('takes the relay’s clock from the quickest of its latest words, and follows a jump', () => {
  vi.useFakeTimers({ now: Date.parse('2026-11-24T13:00:00Z') })
  const clock = new RelayClock()
  const hear = (offset: number) => clock.hear(toInstant(Date.now() + offset))
  hear(900)
  hear(990) // less of it was the way here
  hear(500)
  expect(clock.offsetMs).toBe(990)
  hear(-60_000)
  expect(clock.offsetMs).toBe(-60_000)
  expect(clock.now()).toBe(Date.now() - 60_000)
})
