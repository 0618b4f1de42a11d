// The writer: what a change does to the database, inside its one transaction.

import { Problem } from '../wire.ts'
import type { Change, NoteRow, TrashRow, Write } from './database.ts'
import type { Document } from './document.ts'
import { short } from './names.ts'
import { characters } from './points.ts'
import { reindex } from './postings.ts'

/** A change before it has its place in the journal. */
export type NewChange = Omit<Change, 'seq' | 'undoneBy'>

/** What `command` answered, if it was done before; undefined when it is new. */
export async function answered(tx: Write, command: string): Promise<unknown> {
  return (await tx.objectStore('changes').index('command').get(command))?.outcome
}

/** Writes the change down; an undo also marks what it took back, and so on down the line. */
export async function record(tx: Write, change: NewChange): Promise<void> {
  const store = tx.objectStore('changes')
  await store.add({ ...change, undoneBy: '' })
  let by = change.command
  let undoes = change.undoes
  while (undoes !== '') {
    const taken = await store.index('command').get(undoes)
    if (taken === undefined) break
    await store.put({ ...taken, undoneBy: by })
    // An undone undo puts its own target back in force, and an undone redo takes it out of force again.
    by = by === '' ? taken.command : ''
    undoes = taken.undoes
  }
}

/** The note at `key` must still be what was read. Throws Problem `note_not_found`, `version_conflict`. */
export async function still(tx: Write, key: string, digest: string): Promise<NoteRow> {
  const row = await tx.objectStore('notes').get(key)
  if (row === undefined) throw new Problem('note_not_found', `The note ${short(key)} is no longer there.`)
  if (row.digest !== digest) {
    throw new Problem('version_conflict', `${short(row.path)} was changed in this moment; nothing was written.`)
  }
  return row
}

/** Puts the note there; `before` is what stood at its place until now. */
export async function put(
  tx: Write,
  key: string,
  document: Document,
  note: string,
  at: number,
  before: Document | null,
): Promise<NoteRow> {
  const row: NoteRow = {
    key,
    path: document.path,
    title: document.title,
    tags: [...new Set(document.block.meta.tags)],
    note,
    digest: document.digest,
    characters: characters(document.text),
    updated: at,
  }
  await tx.objectStore('notes').put(row)
  await tx.objectStore('texts').put(document.content, key)
  if (before !== null) await tx.objectStore('versions').put(before.content, before.digest)
  await reindex(tx, key, before, document)
  return row
}

/** Takes the note away; what it was is the caller's to keep. */
export async function drop(tx: Write, row: NoteRow, document: Document): Promise<void> {
  await tx.objectStore('notes').delete(row.key)
  await tx.objectStore('texts').delete(row.key)
  await reindex(tx, row.key, document, null)
}

/** Moves the note into the trash. */
export async function discard(
  tx: Write,
  row: NoteRow,
  document: Document,
  command: string,
  at: number,
): Promise<TrashRow> {
  const trashed = { note: row.note, name: trashName(row.path, command), row, content: document.content, command, at }
  await drop(tx, row, document)
  await tx.objectStore('trash').put(trashed)
  return trashed
}

/** `Boat.md` becomes `Boat.cmd_….md`. */
export function trashName(path: string, command: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const at = name.lastIndexOf('.')
  return `${name.slice(0, at)}.${command}${name.slice(at)}`
}

/** All changes to the note now carry its new path. */
export async function follow(tx: Write, note: string, key: string, path: string): Promise<void> {
  const store = tx.objectStore('changes')
  for (const change of await store.index('note').getAll(note)) {
    if (change.path !== path) await store.put({ ...change, key, path })
  }
}
