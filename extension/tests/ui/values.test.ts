/** What a person reads of a request is exact, harmless and bounded. */

import { describe, expect, it } from 'vitest'
import { hides, neutral } from '../../src/ui/neutral.ts'
import { MOST_CHARACTERS, REQUEST_CHARACTERS, shownValue, valuesOf } from '../../src/ui/values.ts'

describe('neutral', () => {
  it.each([
    ['\u202egpj.exe', '⟦U+202E⟧gpj.exe'],
    ['\u001b[31m', '␛[31m'],
    ['\u007f', '␡'],
    ['a\u0000b', 'a␀b'],
    ['\u0085', '⟦U+0085⟧'],
    ['\u2028', '⟦U+2028⟧'],
    ['\ufeff', '⟦U+FEFF⟧'],
    ['\u{e0041}', '⟦U+E0041⟧'],
    ['\u{e0100}', '⟦U+E0100⟧'],
    ['\u3164', '⟦U+3164⟧'],
    ['\ud800', '⟦U+D800⟧'],
    ['a\nb\tc', 'a␊b␉c'],
  ])('shows what hides: %j', (text, shown) => {
    expect(neutral(text)).toBe(shown)
    expect(neutral(neutral(text))).toBe(shown)
  })

  it.each(['👩‍👩‍👧', 'می‌خواهم', 'Grüße, 世界', 'soft\u00adhyphen'])('leaves languages alone: %s', (text) => {
    expect(neutral(text)).toBe(text)
    expect(hides(text)).toBe(false)
  })

  it('keeps lines where lines are read', () => {
    expect(neutral('a\n\tb\r', { lines: true })).toBe('a\n\tb␍')
  })

  it('knows when something hides', () => {
    expect(hides('plain\nlines\t')).toBe(false)
    expect(hides('a\u2066b')).toBe(true)
    expect(hides('a\u2800b')).toBe(true)
  })
})

describe('values', () => {
  it('gives a string as it is, and everything else as JSON', () => {
    expect(shownValue('url', 'https://a.example')).toMatchObject({
      name: 'url',
      text: 'https://a.example',
      long: false,
    })
    expect(shownValue('background', false).text).toBe('false')
    expect(shownValue('tags', ['a', 'b']).text).toBe('["a","b"]')
    expect(shownValue('tags', ['a'.repeat(60)]).lines).toBe(3)
  })

  it('makes a hostile name harmless', () => {
    expect(shownValue('\u202eeman', 1).name).toBe('⟦U+202E⟧eman')
  })

  it('folds a long one, by characters or lines', () => {
    expect(shownValue('body', 'x'.repeat(401)).long).toBe(true)
    expect(shownValue('body', 'x\n'.repeat(11))).toMatchObject({ long: true, lines: 12, head: 'x' })
  })

  it('says what it leaves out, and that the request is not whole', () => {
    expect(shownValue('body', 'x'.repeat(MOST_CHARACTERS + 5)).leftOut).toBe(5)
    expect(valuesOf({ body: 'x'.repeat(MOST_CHARACTERS + 5) }).whole).toBe(false)
    expect(valuesOf({ body: 'x'.repeat(REQUEST_CHARACTERS) })).toEqual({ values: [], whole: false })
    expect(valuesOf({ a: 1, b: 'two' }).whole).toBe(true)
  })
})
