// Undo: takes back one change by doing another, which the journal records like any other.

import { Problem } from '../wire.ts'
import { type Change, type Database, write } from './database.ts'
import { Document } from './document.ts'
import { key, numbered, short } from './names.ts'
import { answered, discard, follow, type NewChange, put, record, still } from './writer.ts'

/** What an undo answers. `version` is absent (null) when the note is in the trash now. */
export interface UndoneNote {
  path: string
  title: string
  undone: string
  version: string | null
}

/** Takes `change` back on behalf of `command`. Throws Problem `nothing_to_undo`, `version_conflict`, `note_not_found`. */
export function takeBack(db: Database, change: Change, command: string, at: number): Promise<UndoneNote> {
  const blank: NewChange = {
    ...{ command, kind: 'undo', effect: 'write', note: change.note, key: change.key, path: change.path },
    ...{ title: change.title, at, before: '', after: '', trashed: false, undoes: change.command, outcome: null },
  }
  if (change.effect === 'write') return restored(db, change, blank)
  return change.trashed ? fromTrash(db, change, blank) : toTrash(db, change, blank)
}

async function restored(db: Database, change: Change, blank: NewChange): Promise<UndoneNote> {
  const content = change.before === '' ? undefined : await db.get('versions', change.before)
  if (content === undefined) throw new Problem('nothing_to_undo', 'The version before that change is no longer kept.')
  const current = await standing(db, change)
  if (current.digest !== change.after) {
    throw new Problem(
      'version_conflict',
      `${short(change.path)} was changed after that; undoing would lose what came later.`,
      'Undo the later change first, or edit the note.',
    )
  }
  const after = await Document.of(current.path, content)
  const outcome = answer(change, after.path, after.title, after.version)
  return once(db, blank.command, async (tx) => {
    const row = await still(tx, change.key, current.digest)
    await put(tx, row.key, after, row.note, blank.at, current)
    await record(tx, { ...blank, title: after.title, before: current.digest, after: after.digest, outcome })
    return outcome
  })
}

/** A note that was made, or brought back, goes to the trash with all that was added since: nothing is lost. */
async function toTrash(db: Database, change: Change, blank: NewChange): Promise<UndoneNote> {
  const document = await standing(db, change)
  const outcome = answer(change, document.path, document.title, null)
  return once(db, blank.command, async (tx) => {
    const row = await still(tx, change.key, document.digest)
    if (row.note !== change.note) {
      throw new Problem(
        'version_conflict',
        `${short(change.path)} is no longer the note that this command made; trash it by name.`,
      )
    }
    await discard(tx, row, document, blank.command, blank.at)
    await record(tx, { ...blank, effect: 'move', title: document.title, trashed: true, outcome })
    return outcome
  })
}

async function fromTrash(db: Database, change: Change, blank: NewChange): Promise<UndoneNote> {
  const trashed = await db.get('trash', change.note)
  if (trashed === undefined) throw new Problem('note_not_found', `${short(change.path)} is no longer in the trash.`)
  for (let number = 1; number < 1_000; number += 1) {
    const path = number === 1 ? change.path : numbered(change.path, number)
    const document = await Document.of(path, trashed.content)
    const outcome = answer(change, path, document.title, document.version)
    const done = await once(db, blank.command, async (tx) => {
      if ((await tx.objectStore('notes').get(key(path))) !== undefined) return null
      await put(tx, key(path), document, change.note, blank.at, null)
      await tx.objectStore('trash').delete(change.note)
      await record(tx, { ...blank, effect: 'move', key: key(path), path, title: document.title, outcome })
      await follow(tx, change.note, key(path), path)
      return outcome
    })
    if (done !== null) return done
  }
  throw new Problem('name_taken', `${short(change.path)} and 999 names like it are taken.`)
}

/** One transaction, unless this command was done before: then what it answered. */
function once<T>(db: Database, command: string, work: Parameters<typeof write<T>>[1]): Promise<T> {
  return write(db, async (tx) => ((await answered(tx, command)) as T | undefined) ?? work(tx))
}

async function standing(db: Database, change: Change): Promise<Document> {
  const [row, content] = await Promise.all([db.get('notes', change.key), db.get('texts', change.key)])
  if (row === undefined || content === undefined) {
    throw new Problem('note_not_found', `There is no note ${short(change.path)}.`)
  }
  return Document.of(row.path, content)
}

function answer(change: Change, path: string, title: string, version: string | null): UndoneNote {
  return { path, title, undone: change.kind, version }
}
