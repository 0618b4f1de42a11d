// Export: notes as Markdown files, one or all in a zip that is the same bytes whenever the notes are the same.

import { type Zippable, zipSync } from 'fflate'
import { Problem } from '../wire.ts'
import { key, notePath, short, split } from './names.ts'
import type { NotesRoom } from './room.ts'

/** A file to be saved: its name, and its whole text with front matter. */
export interface NoteFile {
  name: string
  text: string
}

/** One note as its file. Throws Problem `note_not_found`. */
export async function exportOne(room: NotesRoom, path: string): Promise<NoteFile> {
  const asked = notePath(path)
  const db = await room.database()
  const [row, text] = await Promise.all([db.get('notes', key(asked)), db.get('texts', key(asked))])
  if (row === undefined || text === undefined) throw new Problem('note_not_found', `There is no note ${short(asked)}.`)
  return { name: split(row.path)[1], text }
}

/** All notes in their folders, as a zip. */
export async function exportAll(room: NotesRoom): Promise<Uint8Array<ArrayBuffer>> {
  const db = await room.database()
  const tx = db.transaction(['notes', 'texts'])
  const [rows, keys, texts] = await Promise.all([
    tx.objectStore('notes').getAll(),
    tx.objectStore('texts').getAllKeys(),
    tx.objectStore('texts').getAll(),
  ])
  const text = new Map(keys.map((each, n) => [each, texts[n] ?? '']))
  const files: Zippable = {}
  for (const row of rows.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    files[row.path] = new TextEncoder().encode(text.get(row.key) ?? '')
  }
  // The oldest time that a zip can hold, in the local time that zips are written in: no clock and no zone in the bytes.
  return zipSync(files, { level: 6, mtime: new Date(1980, 0, 1), os: 3 })
}
