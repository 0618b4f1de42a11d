// Tables as GFM writes them: one line a row, no HTML. Spans leave empty cells, so that no column shifts.

import type TurndownService from 'turndown'
import { oneLine } from './lines.ts'

const MOST_COLUMNS = 100

/** Whether it is a table of data: more than one column, and no table or long block inside. */
export function isData(table: Element): boolean {
  if (table.querySelector('table, h1, h2, h3, h4, h5, h6, blockquote') !== null) return false
  const rows = [...table.querySelectorAll('tr')]
  return rows.length > 0 && rows.some((row) => row.children.length > 1)
}

/** The table as Markdown; each cell is rendered by `render`. */
export function grid(table: Element, render: (cell: Element) => string): string {
  const rows = [...table.querySelectorAll('tr')]
  const cells: string[][] = []
  const below = new Map<number, number>() // columns that a cell above still covers, and for how many rows
  for (const row of rows) {
    const line: string[] = []
    const skip = () => {
      for (let left = below.get(line.length); left; left = below.get(line.length)) {
        below.set(line.length, left - 1)
        line.push('')
      }
    }
    for (const cell of row.children) {
      skip()
      const wide = span(cell, 'colspan')
      const tall = span(cell, 'rowspan') - 1
      for (let n = 0; n < wide && line.length < MOST_COLUMNS; n += 1) {
        if (tall > 0) below.set(line.length, tall)
        line.push(n === 0 ? flat(render(cell)) : '')
      }
    }
    skip()
    if (line.length > 0) cells.push(line)
  }
  return lines(cells, isHead(rows[0]), alignments(rows))
}

function lines(cells: string[][], headed: boolean, align: string[]): string {
  const columns = Math.max(0, ...cells.map((row) => row.length))
  if (columns === 0) return ''
  const shown = headed ? cells : [[], ...cells]
  const all = shown.map((row) => `| ${Array.from({ length: columns }, (_, n) => row[n] ?? '').join(' | ')} |`)
  const rule = `| ${Array.from({ length: columns }, (_, n) => align[n] ?? '---').join(' | ')} |`
  return [all[0], rule, ...all.slice(1)].join('\n')
}

function isHead(row: Element | undefined): boolean {
  if (row === undefined) return false
  return row.parentElement?.localName === 'thead' || [...row.children].every((cell) => cell.localName === 'th')
}

function alignments(rows: Element[]): string[] {
  const marks: Record<string, string> = { left: ':--', right: '--:', center: ':-:' }
  const first = rows.find((row) => [...row.children].some((cell) => cell.localName === 'td'))
  return [...(first?.children ?? [])].map((cell) => marks[cell.getAttribute('data-align') ?? ''] ?? '---')
}

function span(cell: Element, name: string): number {
  const value = Number.parseInt(cell.getAttribute(name) ?? '1', 10)
  return Number.isFinite(value) ? Math.min(Math.max(value, 1), MOST_COLUMNS) : 1
}

/** A cell on one line. A bar in it is escaped, in code too: GFM splits cells before it reads them. */
function flat(text: string): string {
  return oneLine(text).replace(/\\?\|/g, '\\|')
}

/** The rules for tables; a layout table gives its cells' content as paragraphs. */
export function addTables(service: TurndownService): void {
  service.addRule('table', {
    filter: 'table',
    replacement: (content, node) => {
      const table = node as unknown as Element
      if (!isData(table)) return `\n\n${content}\n\n`
      const caption = table.querySelector('caption')
      const above = caption === null ? '' : `${service.turndown(caption as HTMLElement)}\n\n`
      return `\n\n${above}${grid(table, (cell) => service.turndown(cell as HTMLElement))}\n\n`
    },
  })
  service.addRule('layout', { filter: ['td', 'th'], replacement: (content) => `\n\n${content}\n\n` })
  service.addRule('caption', { filter: 'caption', replacement: () => '' })
}
