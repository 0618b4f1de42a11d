// Lists of notes, the latest change first, in pages that stay right while notes come and go.

import { Problem } from '../wire.ts'
import { timestamp } from './clock.ts'
import type { NoteRow } from './database.ts'

export interface NoteEntry {
  path: string
  title: string
  tags: string[]
  characters: number
  updated_at: string
}

export interface NoteList {
  notes: NoteEntry[]
  total: number
  next_page: string | null
}

/** At most `limit` of `rows`, after the place that `token` names. Throws Problem `invalid_arguments` for a foreign one. */
export function page(rows: NoteRow[], limit: number, token: string | null): NoteList {
  const sorted = rows.toSorted((a, b) => b.updated - a.updated || (a.path < b.path ? -1 : 1))
  const after = token === null ? null : placeOf(token)
  const rest = after === null ? sorted : sorted.filter((row) => comesAfter(row, after))
  const shown = rest.slice(0, limit)
  const last = shown.at(-1)
  return {
    notes: shown.map((row) => ({
      path: row.path,
      title: row.title,
      tags: row.tags,
      characters: row.characters,
      updated_at: timestamp(row.updated),
    })),
    total: rows.length,
    next_page: rest.length > limit && last !== undefined ? tokenOf(last) : null,
  }
}

interface Place {
  updated: number
  /** The note's id, not its path: a path may be too long for a token. */
  note: string
  path: string
}

function comesAfter(row: NoteRow, place: Place): boolean {
  return (
    row.updated < place.updated || (row.updated === place.updated && row.note !== place.note && row.path > place.path)
  )
}

/** Instants are of one clock that never repeats itself; the first letters of the path decide where it did. */
function tokenOf(row: NoteRow): string {
  const bytes = new TextEncoder().encode(`${row.updated}.${row.note}.${row.path.slice(0, 20)}`)
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

function placeOf(token: string): Place {
  const foreign = new Problem(
    'invalid_arguments',
    'page is not a next_page of listNotes: leave it out to start anew.',
    'Leave page out.',
  )
  let text: string
  try {
    const raw = atob(token.replaceAll('-', '+').replaceAll('_', '/'))
    text = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(raw, (each) => each.charCodeAt(0)))
  } catch {
    throw foreign // no base64, or no UTF-8
  }
  const match = /^(\d{1,16})\.(cmd_[0-9a-f-]{36})\.(.*)$/s.exec(text)
  if (match === null) throw foreign
  return { updated: Number(match[1]), note: match[2] ?? '', path: match[3] ?? '' }
}
