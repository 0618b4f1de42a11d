import { describe, expect, test } from 'vitest'
import { language } from '../../src/capture/language.ts'
import { line, seen } from '../../src/capture/text.ts'
import { find } from '../../src/notes/front_matter.ts'
import { display, fileName } from '../../src/notes/names.ts'
import { appended, headings, textReplaced } from '../../src/notes/sections.ts'
import { counts, query } from '../../src/notes/words.ts'

const HOSTILE = [
  'a',
  ' ',
  'a ',
  '- ',
  '> ',
  '-',
  '* ',
  '#',
  '`',
  '=',
  '"',
  "'",
  ':',
  ': ',
  'a: ',
  '[',
  '[,',
  '\\',
  '\n',
  '\r\n',
  '---\n',
  '\u0301',
  '🛶',
  '1. ',
  '--- \n',
  '"\\',
  '&#',
  '<%',
]

describe('texts made to be slow are not', () => {
  test.each(HOSTILE)('%j a hundred thousand times', (piece) => {
    const text = piece.repeat(Math.ceil(100_000 / piece.length))
    const start = performance.now()
    find(`---\n${text}\n---\nx`)
    find(`---\n${text}`)
    find(`---\ntitle: ${text.slice(0, 60_000)}\n---\n`)
    find(`---\ntags: [${text.slice(0, 60_000)}\n---\n`)
    headings(text)
    appended(text, text, '\n')
    counts(text)
    query(text.slice(0, 500))
    display(text.slice(0, 300))
    seen(text)
    line(text)
    language(text.slice(0, 500), '')
    try {
      fileName(text.slice(0, 300))
      textReplaced(text, text.slice(0, 20_000), 'x', 0, '\n')
    } catch {
      // Refused, as it may be; how long that took is what counts.
    }
    expect(performance.now() - start).toBeLessThan(3_000)
  })
})
