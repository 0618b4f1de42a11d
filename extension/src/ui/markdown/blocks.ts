/** Markdown taken apart: whole, or while it still grows. What would take a reader hostage is left as plain text. */

import { Lexer, type Token } from 'marked'

/** Longer texts are shown as they are written. */
export const MOST_CHARACTERS = 200_000

/** The parser's time grows with the square of these: 10,000 take 0.1 s. */
const MOST_EMPHASIS = 10_000

// Nesting costs the parser the cube of its depth, and the page its stack: nobody reads the thirtieth level.
const DEEP = /^(?:[ \t]*(?:>|[*+-][ \t]|\d{1,9}[.)][ \t])){20,}|^(?: {48,}|(?: {0,3}\t){12,})\s*(?:[>*+-]|\d{1,9}[.)])/m

/** The blocks of `text`; null when it is too long, too deep or too strange to be taken apart: show it as it is. */
export function blocks(text: string): Token[] | null {
  if (text.length > MOST_CHARACTERS || DEEP.test(text)) return null
  if ((text.match(/[*_~]/g)?.length ?? 0) > MOST_EMPHASIS) return null
  try {
    return new Lexer({ gfm: true, breaks: false }).lex(text)
  } catch (error) {
    if (error instanceof RangeError) return null // nested too deeply for the stack
    throw error
  }
}

/**
 * The blocks of a text that is still being written. Only its end is taken apart anew: a paragraph that has another one
 * behind it does not change any more. (A link's definition that comes later is heard at the end, in `whole`.)
 */
export class GrowingBlocks {
  #settled: Token[] = []
  #length = 0
  #text = ''

  /** The blocks of `text`, which starts with the text given before; the end is closed as if it were complete. */
  grow(text: string): Token[] | null {
    if (!text.startsWith(this.#text)) this.#settled = []
    if (this.#settled.length === 0) this.#length = 0
    this.#text = text
    if (text.length > MOST_CHARACTERS) return null
    const open = text.slice(this.#length)
    const found = blocks(open)
    if (found === null) return null
    const last = found.findLastIndex((token) => token.type !== 'space')
    if (last < 1) return [...this.#settled, ...(blocks(closed(open)) ?? found)]
    const done = found.slice(0, last)
    this.#settled.push(...done)
    this.#length += done.reduce((sum, token) => sum + token.raw.length, 0)
    const rest = text.slice(this.#length)
    return [...this.#settled, ...(blocks(closed(rest)) ?? found.slice(last))]
  }
}

/** The end of a text that is cut in the middle of its marks, without half a mark: `**bo` reads as bold already. */
export function closed(text: string): string {
  if (/^ {0,3}(?:```|~~~)/m.test(text)) return text // the parser ends an open fence with the text
  let end = text
    .replace(/!?\[([^\]\n]*)\]\([^)\n]*$/, '$1') // [text](half an addr
    .replace(/!?\[([^\]\n]*)$/, '$1') // [half a te
    .replace(/(?:^|\n)\s*(?:[*+-]|\d{1,9}[.)])?[ \t]*$/, (mark) => (mark.trim() === '' ? mark : '')) // a mark alone
  const ticks = end.match(/`+/g)?.filter((run) => run.length === 1).length ?? 0
  if (ticks % 2 === 1) return end.endsWith('`') ? end.slice(0, -1) : `${end}\``
  end = end.replace(/(?<=^|\s)[*_~]{1,3}$/, '') // an opening mark without a word
  for (const mark of ['**', '__', '~~', '*', '_']) {
    if (open(end, mark)) {
      const half = mark.length === 2 && end.endsWith(mark[0] ?? '') && !end.endsWith(mark)
      end = `${half ? end.slice(0, -1) : end}${mark}`
    }
  }
  return end
}

/** Whether a mark was opened in the last paragraph and not closed. */
function open(text: string, mark: string): boolean {
  const paragraph = text.slice(text.lastIndexOf('\n\n') + 1).replace(/`[^`]*`/g, '')
  const escaped = mark.replace(/\*/g, '\\*')
  const single = mark.length === 1 ? `(?<!${escaped}|\\w)${escaped}(?!${escaped}|\\s)` : `(?<!\\w)${escaped}(?=\\S)`
  const opened = paragraph.match(new RegExp(single, 'g'))?.length ?? 0
  const ending = mark.length === 1 ? `(?<=[^\\s${escaped}])${escaped}(?!${escaped}|\\w)` : `(?<=\\S)${escaped}(?!\\w)`
  const ended = paragraph.match(new RegExp(ending, 'g'))?.length ?? 0
  return opened > ended
}
