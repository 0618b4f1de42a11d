// Markdown from a copied page. It is inert: no HTML, no picture that loads, no address but http, https and mailto.

import TurndownService from 'turndown'
import { oneLine, tidied } from './lines.ts'
import { destination, site } from './link.ts'
import { addTables } from './table.ts'
import { line } from './text.ts'

/** `content` as Markdown (CommonMark and GFM tables), without a line end at its end. */
export function markdown(content: Element): string {
  return tidied(service().turndown(content as HTMLElement))
}

function service(): TurndownService {
  const made = new TurndownService({
    headingStyle: 'atx',
    hr: '---',
    bulletListMarker: '-',
    codeBlockStyle: 'fenced',
    emDelimiter: '*',
    br: '\\', // two spaces at a line's end are lost in many editors
  })
  const plain = made.escape.bind(made)
  made.escape = (text) => escaped(plain(text))
  made.addRule('link', { filter: (node) => node.nodeName === 'A', replacement: link })
  made.addRule('image', { filter: 'img', replacement: (_, node) => image(node as unknown as Element) })
  made.addRule('heading', { filter: ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'], replacement: heading })
  made.addRule('item', { filter: 'li', replacement: (content, node) => item(content, node as unknown as Element) })
  made.addRule('code', {
    filter: (node) => node.nodeName === 'PRE',
    replacement: (_, node) => block(node as unknown as Element),
  })
  made.addRule('inline code', {
    filter: (node) =>
      (node.nodeName === 'CODE' || node.nodeName === 'KBD' || node.nodeName === 'SAMP') && !node.closest('pre'),
    replacement: (_, node) => inlineCode(node.textContent ?? ''),
  })
  made.addRule('struck', {
    filter: (node) => ['DEL', 'S', 'STRIKE'].includes(node.nodeName),
    replacement: (content) => (content.trim() ? `~~${content}~~` : ''),
  })
  made.addRule('term', { filter: 'dt', replacement: (content) => `\n\n**${content.trim()}**\n` })
  made.addRule('description', { filter: 'dd', replacement: (content) => `\n\n${content.trim()}\n\n` })
  addTables(made)
  return made
}

/** What Markdown's own escapes leave: a tag, an entity, a `!` that would make a link a picture, Obsidian's comments. */
function escaped(text: string): string {
  return text
    .replace(/&(?=#?\w{1,40};)/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/!$/, '\\!')
    .replace(/%%/g, '\\%\\%')
}

const link: TurndownService.ReplacementFunction = (content, node) => {
  const href = (node as unknown as Element).getAttribute('href')
  const text = oneLine(content)
  if (href === null) return content
  if (text === '') return ''
  // A picture inside is a link already, and links do not nest.
  if ((node as unknown as Element).querySelector('img, a') !== null) return content
  return `[${text}](${destination(href)})`
}

function image(element: Element): string {
  const src = element.getAttribute('src')
  if (src === null) return ''
  const file = decodedName(src)
  const text = line(element.getAttribute('alt') ?? '', 200) || file || site(src)
  return `[${escaped(text.replace(/[\\`*_[\]]/g, '\\$&'))}](${destination(src)})`
}

function decodedName(src: string): string {
  try {
    return line(decodeURIComponent(new URL(src).pathname.split('/').pop() ?? ''), 80)
  } catch {
    return '' // not UTF-8
  }
}

const heading: TurndownService.ReplacementFunction = (content, node) => {
  const text = oneLine(content)
  return text === '' ? '' : `\n\n${'#'.repeat(Number(node.nodeName.charAt(1)))} ${text}\n\n`
}

function item(content: string, node: Element): string {
  const parent = node.parentElement
  const start = Number.parseInt(parent?.getAttribute('start') ?? '1', 10)
  const place = parent === null ? 0 : [...parent.children].indexOf(node)
  const number = Math.min(Math.max((Number.isFinite(start) ? start : 1) + place, 0), 999_999_999)
  const mark = parent?.localName === 'ol' ? `${number}. ` : '- '
  const text = content.replace(/^\n+|\n+$/g, '').replace(/\n(?=[^\n])/g, `\n${' '.repeat(mark.length)}`)
  return `${mark}${text}${node.nextElementSibling === null ? '' : '\n'}`
}

function block(node: Element): string {
  const inner = node.querySelector('[data-code-language]') ?? node
  const code = (node.textContent ?? '').replace(/^\n+/, '').trimEnd()
  if (code === '') return ''
  const longest = Math.max(2, ...(code.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `\n\n${fence}${inner.getAttribute('data-code-language') ?? ''}\n${code}\n${fence}\n\n`
}

/** Code in a line. What note programs run when it begins so (`= …`, `$= …`) becomes text. */
function inlineCode(text: string): string {
  const code = text.replace(/\s+/g, ' ').trim()
  if (code === '') return ''
  if (/^\$?=/.test(code)) return escaped(code.replace(/[\\`*_[\]=]/g, '\\$&'))
  const runs = new Set((code.match(/`+/g) ?? []).map((run) => run.length))
  let length = 1
  while (runs.has(length)) length += 1
  const mark = '`'.repeat(length)
  const space = code.startsWith('`') || code.endsWith('`') ? ' ' : ''
  return `${mark}${space}${code}${space}${mark}`
}
