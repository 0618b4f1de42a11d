// The `note.*` actions on the extension's own notes, while the account has no daemon that keeps them.

import { readers } from '../notes/arguments.ts'
import type { Performer } from './context.ts'

export const appendNote: Performer = async (args, { notes, commandId }) => ({
  ...(await notes.append(readers.append(args), commandId)),
})
export const createNote: Performer = async (args, { notes, commandId }) => ({
  ...(await notes.create(readers.create(args), commandId)),
})
export const editNote: Performer = async (args, { notes, commandId }) => ({
  ...(await notes.edit(readers.edit(args), commandId)),
})
export const listNotes: Performer = async (args, { notes }) => ({ ...(await notes.list(readers.list(args))) })
export const readNote: Performer = async (args, { notes }) => ({ ...(await notes.read(readers.read(args))) })
export const searchNotes: Performer = async (args, { notes }) => notes.search(readers.search(args))
export const trashNote: Performer = async (args, { notes, commandId }) => ({
  ...(await notes.trash(readers.trash(args), commandId)),
})
export const undoNote: Performer = async (args, { notes, commandId }) => ({
  ...(await notes.undo(readers.undo(args), commandId)),
})
