/** The typewriter types evenly, follows its text exactly, and is never more than 300 ms behind. */

import { describe, expect, it } from 'vitest'
import { CHARACTER_MS, MOST_BEHIND_MS, Typewriter } from '../../src/ai/typewriter.ts'

const FRAME = 1000 / 60

/** Plays arrivals, and says at each frame what was shown. */
function played(pieces: [at: number, text: string][], until: number): { at: number; shown: string }[] {
  const writer = new Typewriter()
  const frames: { at: number; shown: string }[] = []
  const waiting = [...pieces]
  for (let now = 0; now <= until; now += FRAME) {
    while (waiting[0] && waiting[0][0] <= now) {
      const [at, text] = waiting.shift() as [number, string]
      writer.add(text, at)
    }
    frames.push({ at: now, shown: writer.advance(now) })
  }
  return frames
}

/** The longest time that a character waited between its arrival and its frame. */
function furthest(pieces: [at: number, text: string][], until: number): number {
  const frames = played(pieces, until)
  let length = 0
  let most = 0
  for (const [at, text] of pieces) {
    length += text.length
    const frame = frames.find((one) => one.shown.length >= length)
    if (frame === undefined) throw new Error('it was never shown')
    most = Math.max(most, frame.at - at)
  }
  return most
}

describe('Typewriter', () => {
  it('takes about 20 ms a character while little comes', () => {
    const frames = played([[0, 'hello']], 400)
    const second = frames.find((frame) => frame.shown.length >= 2)
    expect(second?.at).toBeGreaterThanOrEqual(2 * CHARACTER_MS - FRAME)
    expect(second?.at).toBeLessThanOrEqual(2 * CHARACTER_MS + FRAME)
  })

  it.each([
    ['one large piece', [[0, 'x'.repeat(5_000)]]],
    ['a fast model, 400 tokens/s', Array.from({ length: 800 }, (_, n) => [n * 2.5, 'word '])],
    ['a slow model', Array.from({ length: 20 }, (_, n) => [n * 150, 'word '])],
    ['bursts', Array.from({ length: 40 }, (_, n) => [Math.floor(n / 10) * 700, 'a longer piece of text '])],
    ['steady pieces at the pace', Array.from({ length: 200 }, (_, n) => [n * 20, 'x'])],
  ] as [string, [number, string][]][])('is never more than 300 ms behind: %s', (_, pieces) => {
    expect(furthest(pieces, 6_000)).toBeLessThanOrEqual(MOST_BEHIND_MS)
  })

  it('types a fast stream evenly, not in the jumps in which it came', () => {
    const frames = played(Array.from({ length: 20 }, (_, n) => [n * 100, 'ten chars!']) as [number, string][], 2_000)
    const steps = frames.slice(20, 110).map((frame, n) => frame.shown.length - (frames[19 + n]?.shown.length ?? 0))
    expect(Math.max(...steps)).toBeLessThan(6)
  })

  it('shows exactly the text, whatever its pieces', () => {
    const text = 'Grüße 👩‍👩‍👧 e\u0301 und mehr'
    const writer = new Typewriter()
    let now = 0
    for (const unit of text.split('')) {
      now += 7
      writer.add(unit, now)
    }
    let before = ''
    while (writer.behind) {
      now += FRAME
      const shown = writer.advance(now)
      expect(text.startsWith(shown)).toBe(true)
      expect(shown.startsWith(before)).toBe(true)
      expect(shown).not.toMatch(/[\ud800-\udbff]$/)
      before = shown
    }
    expect(writer.shown).toBe(text)
  })

  it('does not catch up for a pause in which nothing waited', () => {
    const writer = new Typewriter()
    writer.add('a', 0)
    writer.advance(100)
    writer.add('bcdefgh', 5_000)
    expect(writer.advance(5_016).length).toBeLessThanOrEqual(2)
  })

  it('shows everything at once when asked to', () => {
    const writer = new Typewriter()
    writer.add('all of it', 0)
    expect(writer.finish()).toBe('all of it')
    expect(writer.behind).toBe(false)
  })
})
