// The notes' database. A command's whole effect is one transaction, so that a kill leaves all of it or nothing.

import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb'
import { Problem } from '../wire.ts'

/** A note without its text. */
export interface NoteRow {
  /** `names.key` of the path: one note a name, in whatever case. */
  key: string
  path: string
  title: string
  tags: string[]
  /** The command that made this note: its name for life, also when it moves. */
  note: string
  digest: string
  characters: number
  /** Microseconds since the epoch. */
  updated: number
}

export type Kind = 'create' | 'append' | 'edit' | 'trash' | 'undo'

/** One thing that one command did. `effect`: what happened to the note; `move`: into the trash or out of it. */
export interface Change {
  seq?: number
  command: string
  kind: Kind
  effect: 'create' | 'write' | 'move'
  note: string
  key: string
  path: string
  title: string
  at: number
  before: string
  after: string
  /** In the trash afterwards. */
  trashed: boolean
  undoes: string
  undoneBy: string
  /** What the command answered, so that asked again it answers the same. */
  outcome: unknown
}

/** A note in the trash, by its note id. */
export interface TrashRow {
  note: string
  name: string
  row: NoteRow
  content: string
  command: string
  at: number
}

/** One word of one note: how often in its title (`t`) and its text (`b`). */
export interface Posting {
  term: string
  key: string
  t: number
  b: number
}

/** A note on its way to the daemon's folder; see handover.ts. What is sent is frozen here before it is sent. */
export interface Crossing {
  note: string
  /** The note's digest when it was frozen. */
  digest: string
  /** What is sent, in order: the first makes the note there, the others are appended. */
  pieces: string[]
  folder: string
  /** The file's name without its suffix, and the number behind it where that name was taken. */
  stem: string
  number: number
  /** How many pieces have arrived, and where. */
  done: number
  path: string
  /** Part of each idempotency key: a new one when the answer to the last is known and was no success. */
  attempt: number
  /** The code of what went wrong; '' while nothing has. */
  failure: string
}

export interface NotesSchema extends DBSchema {
  notes: { key: string; value: NoteRow; indexes: { note: string } }
  texts: { key: string; value: string }
  versions: { key: string; value: string }
  trash: { key: string; value: TrashRow }
  changes: { key: number; value: Change; indexes: { command: string; key: string; note: string } }
  postings: { key: [string, string]; value: Posting }
  crossings: { key: string; value: Crossing }
  handed: { key: string; value: { note: string; path: string; at: number } }
}

export type Database = IDBPDatabase<NotesSchema>
export type Store = 'notes' | 'texts' | 'versions' | 'trash' | 'changes' | 'postings' | 'crossings' | 'handed'
export const STORES: Store[] = ['notes', 'texts', 'versions', 'trash', 'changes', 'postings', 'crossings', 'handed']
export type Write = IDBPTransaction<NotesSchema, Store[], 'readwrite'>

export const NAME = 'deskbell-notes'

/** Opens the database; `onClosed` when the browser closes it (a newer version of the extension, or cleared data). */
export function open(name: string, onClosed: () => void): Promise<Database> {
  return openDB<NotesSchema>(name, 1, {
    upgrade(db) {
      db.createObjectStore('notes', { keyPath: 'key' }).createIndex('note', 'note', { unique: true })
      db.createObjectStore('texts')
      db.createObjectStore('versions')
      db.createObjectStore('trash', { keyPath: 'note' })
      const changes = db.createObjectStore('changes', { keyPath: 'seq', autoIncrement: true })
      changes.createIndex('command', 'command', { unique: true })
      changes.createIndex('key', 'key')
      changes.createIndex('note', 'note')
      db.createObjectStore('postings', { keyPath: ['term', 'key'] })
      db.createObjectStore('crossings', { keyPath: 'note' })
      db.createObjectStore('handed', { keyPath: 'note' })
    },
    blocking(_, __, event) {
      ;(event.target as IDBDatabase).close()
      onClosed()
    },
    terminated: onClosed,
  })
}

/** Runs `work` in one transaction over all stores; what it throws undoes all of it. */
export async function write<T>(db: Database, work: (tx: Write) => Promise<T>): Promise<T> {
  const tx = db.transaction(STORES, 'readwrite', { durability: 'strict' })
  try {
    const answer = await work(tx)
    await tx.done
    return answer
  } catch (error) {
    try {
      tx.abort()
    } catch {
      // It has ended already: the browser aborted it for the error that is thrown below.
    }
    await tx.done.catch(() => undefined)
    throw problem(error)
  }
}

/** What the browser's own errors mean to the caller. */
export function problem(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error
  if (error.name === 'QuotaExceededError') {
    return new Problem('disk_full', 'The browser has no room left for notes; nothing was changed.')
  }
  return new Problem('folder_not_writable', `The browser cannot write its notes (${error.name}); nothing was changed.`)
}
