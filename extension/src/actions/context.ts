// What an action gets beside its arguments, and what it must be.

import type { NotesRoom } from '../notes/room.ts'

/** Does one action. Throws Problem (wire.ts); checks its arguments itself, for the relay may lie. */
export type Performer = (args: Record<string, unknown>, context: ActContext) => Promise<Record<string, unknown>>

/** A note to keep: Markdown without front matter; `source` is the page's address. */
export interface NewNote {
  title: string
  body: string
  folder?: string
  tags?: string[]
  source?: string
}

/** Where it was kept. `path` is relative to the notes folder. */
export interface SavedNote {
  path: string
  where: 'laptop' | 'browser'
}

export interface ActContext {
  /** Aborted when the command is cancelled or the account is left. */
  signal: AbortSignal
  commandId: string
  /** The extension's own notes. */
  notes: NotesRoom
  /** To the daemon's folder when the account has a daemon that keeps notes; else into the extension's own notes. */
  save(note: NewNote): Promise<SavedNote>
}
