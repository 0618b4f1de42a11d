// Search: the postings say which notes hold the words, the texts where; the best match first.

import { Problem } from '../wire.ts'
import { timestamp } from './clock.ts'
import type { Database, NoteRow } from './database.ts'
import { find } from './front_matter.ts'
import { key, short } from './names.ts'
import { places, type Query, query, type Term, words } from './words.ts'

export interface NoteHit {
  path: string
  title: string
  snippet: string
  updated_at: string
}

const TITLE_WEIGHT = 5
const SNIPPET_WORDS = 24

/** Only notes in this folder (and below), only with this tag. */
export interface Within {
  folder: string
  tag: string | null
}

/** The notes within, unsorted. Throws Problem `note_not_found` for a folder that is not there. */
export async function rowsWithin(db: Database, within: Within): Promise<NoteRow[]> {
  const rows = await db.getAll('notes')
  const folder = key(within.folder)
  const inside = folder === '' ? rows : rows.filter((row) => row.key.startsWith(`${folder}/`))
  if (folder !== '' && inside.length === 0) {
    throw new Problem('note_not_found', `There is no folder ${short(within.folder)} in the notes.`)
  }
  const tag = within.tag === null ? null : key(within.tag.replace(/^#+/, ''))
  return tag === null ? inside : inside.filter((row) => row.tags.some((each) => key(each) === tag))
}

/** The hits, and how many there are in all. Any query is allowed; one without words finds nothing. */
export async function search(
  db: Database,
  text: string,
  within: Within,
  limit: number,
): Promise<{ hits: NoteHit[]; total: number }> {
  const asked = query(text)
  const rows = await rowsWithin(db, within)
  if (asked.wanted.length === 0 && asked.excluded.length === 0) return { hits: [], total: 0 }
  const scores = await scored(db, rows, asked)
  const found: NoteRow[] = []
  for (const row of rows) {
    if (scores.has(row.key) && (await fits(db, row, asked))) found.push(row)
  }
  const score = (row: NoteRow) => scores.get(row.key) ?? 0
  found.sort((a, b) => score(b) - score(a) || b.updated - a.updated || (a.path < b.path ? -1 : 1))
  const hits = await Promise.all(
    found.slice(0, limit).map(async (row) => ({
      path: row.path,
      title: row.title,
      snippet: snippet(bodyOf((await db.get('texts', row.key)) ?? ''), asked),
      updated_at: timestamp(row.updated),
    })),
  )
  return { hits, total: found.length }
}

/** BM25 over the wanted words, a title's counted five times; only notes that hold each of them. */
async function scored(db: Database, rows: NoteRow[], asked: Query): Promise<Map<string, number>> {
  let scores = new Map(rows.map((row) => [row.key, 0]))
  const lengths = new Map(rows.map((row) => [row.key, row.characters]))
  const mean = rows.reduce((sum, row) => sum + row.characters, 0) / Math.max(rows.length, 1) || 1
  for (const term of asked.wanted) {
    for (const [n, word] of term.words.entries()) {
      const open = term.open && n === term.words.length - 1
      const range = open ? IDBKeyRange.bound([word], [`${word}\uffff`]) : IDBKeyRange.bound([word], [word, []])
      const weights = new Map<string, number>()
      for (const { key, t, b } of await db.getAll('postings', range)) {
        weights.set(key, (weights.get(key) ?? 0) + t * TITLE_WEIGHT + b)
      }
      const rarity = Math.log(1 + (rows.length - weights.size + 0.5) / (weights.size + 0.5))
      const kept = new Map<string, number>()
      for (const [key, before] of scores) {
        const weight = weights.get(key)
        if (weight === undefined) continue
        const length = 0.25 + (0.75 * (lengths.get(key) ?? 0)) / mean
        kept.set(key, before + (Math.max(rarity, 0.01) * weight * 2.2) / (weight + 1.2 * length))
      }
      scores = kept
    }
  }
  return scores
}

/** Whether phrases stand there as asked, and nothing that is excluded. Only then is the text read. */
async function fits(db: Database, row: NoteRow, asked: Query): Promise<boolean> {
  const phrases = asked.wanted.filter((term) => term.words.length > 1)
  if (phrases.length === 0 && asked.excluded.length === 0) return true
  const text = bodyOf((await db.get('texts', row.key)) ?? '')
  const streams = [row.title, text].map((each) => Array.from(words(each), (word) => word.term))
  const holds = (term: Term) => streams.some((stream) => places(stream, term).length > 0)
  return phrases.every(holds) && !asked.excluded.some(holds)
}

function bodyOf(content: string): string {
  return content.slice(find(content).textAt)
}

/** The words around the first match, on one line, those that match between ** marks. */
function snippet(text: string, asked: Query): string {
  const found = [...words(text)]
  const terms = found.map((word) => word.term)
  const marked = new Set<number>()
  for (const term of asked.wanted) {
    for (const at of places(terms, term)) for (let n = 0; n < term.words.length; n += 1) marked.add(at + n)
  }
  const first = Math.min(...marked, found.length)
  const start = marked.size === 0 ? 0 : Math.max(0, first - Math.floor(SNIPPET_WORDS / 3))
  const shown = found.slice(start, start + SNIPPET_WORDS)
  let line = start > 0 ? '…' : ''
  let at = shown[0] === undefined || start === 0 ? 0 : shown[0].start
  for (const [n, word] of shown.entries()) {
    const mark = marked.has(start + n) ? '**' : ''
    line += `${text.slice(at, word.start)}${mark}${text.slice(word.start, word.end)}${mark}`
    at = word.end
  }
  return (line + (start + shown.length < found.length ? '…' : text.slice(at)))
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 1_000)
}
