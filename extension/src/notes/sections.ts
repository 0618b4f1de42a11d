// Markdown as far as notes need it: headings, the sections under them, and where added text goes. Offsets are in UTF-16
// units. The same rules as the daemon's, so that an edit means the same wherever the note is.

import { Problem } from '../wire.ts'
import { key, short } from './names.ts'

const ATX = /^ {0,3}(#{1,6})(?:[ \t](.*))?$/
const SETEXT = /^ {0,3}(=+|-+)[ \t]*$/
const FENCE = /^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+|>[ \t]?)*(`{3,}(?=[^`]*$)|~{3,})/
const ITEM = /^[ \t]*(?:[-*+][ \t]|\d{1,9}[.)][ \t]|\|)/
const CONTAINER = /^ {0,3}(?:[-*+](?:[ \t]|$)|\d{1,9}[.)](?:[ \t]|$)|>|\|)/
const BREAK = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/

/** `start` is the heading's first unit, `body` the first one after its line. */
export interface Heading {
  level: number
  title: string
  start: number
  body: number
}

/** A heading with everything under it, up to the next one of the same or a higher level. */
export interface Section {
  heading: Heading
  end: number
}

/** ATX and setext headings (CommonMark 4.2, 4.3) from `at` on, in order; those in code fences are none. */
export function headings(text: string, at = 0): Heading[] {
  const found: Heading[] = []
  let fence = ''
  let paragraph: string[] = []
  let paragraphAt = 0
  let inContainer = false
  for (const match of text.slice(at).matchAll(/[^\n]*\n|[^\n]+/g)) {
    const start = at + match.index
    const end = start + match[0].length
    const line = match[0].replace(/[\r\n]+$/, '')
    const opening = FENCE.exec(line)
    const atx = ATX.exec(line)
    const underline = SETEXT.exec(line)
    if (fence !== '') {
      const bare = line.replace(/^[ \t>]+|[ \t]+$/g, '')
      if (bare.length >= fence.length && bare === fence.charAt(0).repeat(bare.length)) {
        fence = ''
        inContainer = false
      }
    } else if (opening) {
      fence = opening[1] ?? ''
      paragraph = []
    } else if (atx) {
      found.push({ level: atx[1]?.length ?? 1, title: unmarked(atx[2] ?? ''), start, body: end })
      paragraph = []
      inContainer = false
    } else if (paragraph.length > 0 && underline) {
      found.push({
        level: underline[1]?.startsWith('=') ? 1 : 2,
        title: paragraph.join(' '),
        start: paragraphAt,
        body: end,
      })
      paragraph = []
    } else if (line.trim() === '' || BREAK.test(line)) {
      paragraph = []
      inContainer = false
    } else if (CONTAINER.test(line)) {
      // Until a blank line, what follows belongs to the list, quote or table, and is no heading's text.
      paragraph = []
      inContainer = true
    } else if (paragraph.length > 0) {
      paragraph.push(line.trim())
    } else if (!inContainer && !/^( {4}|\t)/.test(line)) {
      paragraph = [line.trim()]
      paragraphAt = start
    }
  }
  return found
}

/**
 * The section under the heading `title`, as written or in another case, with or without its marks.
 * Throws Problem `heading_not_found`; with `once`, `ambiguous_text` when several headings fit.
 */
export function section(text: string, title: string, at = 0, once = false): Section {
  const every = headings(text, at)
  const wanted = plain(title)
  let fitting = every.filter((each) => plain(each.title) === wanted)
  if (fitting.length === 0) fitting = every.filter((each) => key(plain(each.title)) === key(wanted))
  const heading = fitting[0]
  if (heading === undefined) throw new Problem('heading_not_found', `The note has no heading ${short(title)}.`)
  if (once && fitting.length > 1) {
    throw new Problem('ambiguous_text', `The note has ${fitting.length} headings ${short(title)}: use find instead.`)
  }
  const after = every.slice(every.indexOf(heading) + 1).find((other) => other.level <= heading.level)
  return { heading, end: after?.start ?? text.length }
}

/** `text` with `addition` at its end: on the next line in a list or table, else as a paragraph of its own. */
export function appended(text: string, addition: string, newline: string): string {
  const added = withNewlines(addition.replace(/[\r\n]+$/, ''), newline)
  if (text.trim() === '') return `${text}${added}${newline}`
  const kept = text.replace(/[\r\n]+$/, '')
  const trailing = text.slice(kept.length) || newline
  const inList = ITEM.test(kept.slice(kept.lastIndexOf('\n') + 1)) && ITEM.test(added)
  const apart = inList || trailing.split('\n').length > 2 || added.startsWith(newline)
  return `${kept}${trailing}${apart ? '' : newline}${added}${newline}`
}

/** `text` with `addition` at the end of a section; the blank line before the next heading stays. */
export function sectionWith(text: string, part: Section, addition: string, newline: string): string {
  const rest = text.slice(part.end)
  const head = text.slice(0, part.end).replace(/[\r\n]+$/, '') + newline
  return appended(head, addition, newline) + (rest === '' ? '' : newline) + rest
}

/** `text` with what stands under a heading replaced; a replacement that repeats the heading does not double it. */
export function sectionReplaced(text: string, part: Section, replacement: string, newline: string): string {
  let body = replacement.replaceAll('\r\n', '\n').replace(/^\n+|\n+$/g, '')
  const own = headings(body)[0]
  if (own?.start === 0 && own.level === part.heading.level && plain(own.title) === plain(part.heading.title)) {
    body = body.slice(own.body).replace(/^\n+|\n+$/g, '')
  }
  const rest = text.slice(part.end)
  let head = text.slice(0, part.heading.body)
  if (!head.endsWith('\n')) head += newline
  const middle = body === '' ? '' : `${newline}${withNewlines(body, newline)}${newline}`
  return `${head}${middle}${rest === '' ? '' : newline}${rest}`
}

/**
 * `text` with the one place from `at` on that reads `find` replaced, whatever its line ends.
 * Throws Problem `text_not_found`, `ambiguous_text`.
 */
export function textReplaced(text: string, find: string, replacement: string, at: number, newline: string): string {
  const lines = find.replaceAll('\r\n', '\n').split('\n').map(literal)
  const pattern = new RegExp(lines.join('\\r?\\n'), 'g')
  pattern.lastIndex = at
  const first = pattern.exec(text)
  if (first === null) throw new Problem('text_not_found', `The note does not hold the text ${short(find)}.`)
  pattern.lastIndex = first.index + 1
  if (pattern.test(text)) {
    throw new Problem(
      'ambiguous_text',
      `The text ${short(find)} stands in the note more than once: give a longer piece.`,
    )
  }
  return text.slice(0, first.index) + withNewlines(replacement, newline) + text.slice(first.index + first[0].length)
}

function withNewlines(text: string, newline: string): string {
  const plain = text.replaceAll('\r\n', '\n')
  return newline === '\n' ? plain : plain.replaceAll('\n', newline)
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

function unmarked(content: string): string {
  const text = content.trim()
  const bare = text.replace(/#+$/, '')
  return bare === '' || /[ \t]$/.test(bare) ? bare.trimEnd() : text
}

function plain(title: string): string {
  return title.trim().replace(/^#+/, '').split(/\s+/).filter(Boolean).join(' ').normalize('NFC')
}
