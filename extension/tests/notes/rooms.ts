// Rooms for tests: each on a database of its own, in fake-indexeddb.

import 'fake-indexeddb/auto'
import { readers } from '../../src/notes/arguments.ts'
import { newCommandId } from '../../src/notes/clock.ts'
import { NotesRoom } from '../../src/notes/room.ts'
import { Problem } from '../../src/wire.ts'

let made = 0

export function newRoom(clock?: () => number): NotesRoom {
  made += 1
  return new NotesRoom(`room-${made}`, clock)
}

type Name = keyof typeof readers

/** An operation as an assistant asks for it: arguments from the wire, a fresh command unless one is given. */
export function call(room: NotesRoom, name: Name, args: Record<string, unknown>, command = newCommandId()) {
  const read = readers[name](args)
  return (room[name] as (args: unknown, command: string) => Promise<Record<string, unknown>>)(read, command)
}

/** The code of the Problem that `work` ends in. */
export async function code(work: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
  return 'no problem'
}

export const id = newCommandId
