// Keeping a new note, wherever it belongs: first here, where it is safe at once, then on the laptop if there is one.

import type { NewNote, SavedNote } from '../actions/context.ts'
import { Problem } from '../wire.ts'
import { timestamp } from './clock.ts'
import { block, find, newNote } from './front_matter.ts'
import type { Handover } from './handover.ts'
import { display, fileName, join, numbered } from './names.ts'
import type { NotesRoom } from './room.ts'

/** How long a captured page waits for the laptop; ChatGPT waits 45 s for all of it. */
const WAIT_S = 12
const MOST_NUMBERS = 1_000

/**
 * Keeps `note` on behalf of `command`, once. Without a `handover` (no daemon), or when the laptop does not answer in time,
 * it is in the browser; a later hand-over takes it to the laptop. A name that is taken gets a number.
 */
export async function keep(
  room: NotesRoom,
  handover: Handover | null,
  note: NewNote,
  command: string,
  waitS = WAIT_S,
): Promise<SavedNote> {
  const path = await placed(room, note, command)
  const there = handover === null ? null : await handover.one(command, waitS)
  return there === null ? { path, where: 'browser' } : { path: there, where: 'laptop' }
}

async function placed(room: NotesRoom, note: NewNote, command: string): Promise<string> {
  const db = await room.database()
  const title = display(note.title)
  const head = note.source !== undefined && find(note.body).textAt === 0 ? block([['url', note.source]]) : ''
  const tags = [...new Set((note.tags ?? []).map(display))].filter(Boolean)
  const content = newNote(title, head + note.body, tags, timestamp(Date.now() * 1_000), command)
  const first = join(await room.folder(db, note.folder ?? ''), fileName(title))
  for (let number = 1; ; number += 1) {
    try {
      return (await room.place(db, number === 1 ? first : numbered(first, number), content, 'create', command)).path
    } catch (error) {
      const taken = error instanceof Problem && error.code === 'name_taken'
      if (!taken || number >= MOST_NUMBERS) throw error
    }
  }
}
