// The extension's own notes: the eight note operations, each done once per command id, however often it is asked for.
// They mean what the daemon's mean; only the place differs. Every operation throws nothing but Problem.

import { Problem } from '../wire.ts'
import type { readers } from './arguments.ts'
import { now, timestamp } from './clock.ts'
import { type Change, type Database, type Kind, NAME, open, problem, type Write, write } from './database.ts'
import { Document, type NoteRef } from './document.ts'
import { newNote } from './front_matter.ts'
import { type NoteList, page } from './listing.ts'
import * as names from './names.ts'
import { bytes, characters, part } from './points.ts'
import { prune } from './pruning.ts'
import { type NoteHit, rowsWithin, search } from './search.ts'
import { takeBack, type UndoneNote } from './undo.ts'
import { answered, discard, type NewChange, put, record, still, trashName } from './writer.ts'

type Args<K extends keyof typeof readers> = ReturnType<(typeof readers)[K]>

export interface NoteText {
  path: string
  title: string
  version: string
  tags: string[]
  headings: string[]
  text: string
  characters: number
  next_offset: number | null
  updated_at: string
}

export interface TrashedNote {
  path: string
  title: string
  trashed_as: string
}

export const MAX_NOTE_BYTES = 20_000_000
const MOST_HEADINGS = 200
const TRIES = 5
const PRUNE_EVERY = 200

/** One database; several rooms on it, in the background and in pages, get along. */
export class NotesRoom {
  private opened: Promise<Database> | undefined
  private writes = 0

  constructor(
    private readonly name = NAME,
    private readonly clock: () => number = now,
  ) {}

  /** The database, opened when it is first needed, and again after the browser closed it. */
  async database(): Promise<Database> {
    this.opened ??= open(this.name, () => {
      this.opened = undefined
    })
    try {
      return await this.opened
    } catch (error) {
      this.opened = undefined
      throw problem(error)
    }
  }

  async close(): Promise<void> {
    const opened = this.opened
    this.opened = undefined
    ;(await opened)?.close()
  }

  /** Throws Problem `name_taken`, `unsafe_name`, `outside_folder`, `disk_full`. */
  async create(args: Args<'create'>, command: string): Promise<NoteRef> {
    const db = await this.database()
    const path = names.join(await this.folder(db, args.folder), names.fileName(args.title))
    return this.make(db, path, names.display(args.title), args.body, args.tags, 'create', command)
  }

  /** Throws Problem `note_not_found`, `heading_not_found`, `ambiguous_text`, `note_too_large` and those of `create`. */
  async append(args: Args<'append'>, command: string): Promise<NoteRef> {
    const db = await this.database()
    const asked = names.notePath(args.path)
    const done = await this.outcome<NoteRef>(db, command)
    if (done !== undefined) return done
    if ((await db.getKey('notes', names.key(asked))) === undefined) {
      if (!args.create) {
        throw new Problem('note_not_found', `There is no note ${names.short(asked)}; set create to make it.`)
      }
      const [folder] = names.split(asked)
      const title = names.display(names.stem(asked))
      const text = args.heading ? `## ${args.heading.trim().replace(/^#+/, '').trim()}\n\n${args.text}` : args.text
      const path = names.join(await this.folder(db, folder), names.fileName(title))
      return this.make(db, path, title, text, [], 'append', command)
    }
    return this.rewrite(db, asked, 'append', command, (note) => note.withAddition(args.text, args.heading))
  }

  /** Throws Problem `version_conflict`, `text_not_found`, `ambiguous_text`, `heading_not_found`, `note_not_found`. */
  async edit(args: Args<'edit'>, command: string): Promise<NoteRef> {
    return this.rewrite(await this.database(), names.notePath(args.path), 'edit', command, (note) => {
      note.require(args.version)
      if (args.heading !== null) return note.withSection(args.heading, args.replacement)
      return note.withReplaced(args.find ?? '', args.replacement)
    })
  }

  /** For the notes page: the whole text below the front matter. Throws Problem `version_conflict`, `note_not_found`. */
  async replace(path: string, version: string, text: string, command: string): Promise<NoteRef> {
    return this.rewrite(await this.database(), names.notePath(path), 'edit', command, (note) => {
      note.require(version)
      return note.content.slice(0, note.block.textAt) + (text === '' || text.endsWith('\n') ? text : `${text}\n`)
    })
  }

  /** Throws Problem `note_not_found`, `heading_not_found`. */
  async read(args: Args<'read'>): Promise<NoteText> {
    const { document, updated } = await this.found(await this.database(), names.notePath(args.path))
    const whole = document.text
    const asked = args.heading === null ? whole : document.section(args.heading)
    const end = args.offset + args.limit
    return {
      path: document.path,
      title: document.title,
      version: document.version,
      tags: document.block.meta.tags,
      headings: document.headings().slice(0, MOST_HEADINGS),
      text: part(asked, args.offset, args.limit),
      characters: characters(whole),
      next_offset: end < characters(asked) ? end : null,
      updated_at: timestamp(updated),
    }
  }

  /** Throws Problem `note_not_found` for a folder that is not there; no query is an error. */
  async search(args: Args<'search'>): Promise<{ hits: NoteHit[]; total: number }> {
    const within = { folder: names.folderPath(args.folder), tag: args.tag }
    return search(await this.database(), args.query, within, args.limit)
  }

  /** The latest change first. Throws Problem `invalid_arguments` for a page that is not ours. */
  async list(args: Args<'list'>): Promise<NoteList> {
    const within = { folder: names.folderPath(args.folder), tag: args.tag }
    return page(await rowsWithin(await this.database(), within), args.limit, args.page)
  }

  /** Throws Problem `note_not_found`, `version_conflict`. */
  async trash(args: Args<'trash'>, command: string): Promise<TrashedNote> {
    const db = await this.database()
    const asked = names.notePath(args.path)
    const done = await this.outcome<TrashedNote>(db, command)
    if (done !== undefined) return done
    const { document } = await this.found(db, asked)
    if (args.version !== null) document.require(args.version)
    const outcome = { path: document.path, title: document.title, trashed_as: trashName(document.path, command) }
    return this.once(db, command, async (tx) => {
      const row = await still(tx, names.key(asked), document.digest)
      const change = this.change('trash', 'move', command, row.note, document, outcome)
      await discard(tx, row, document, command, change.at)
      await record(tx, { ...change, trashed: true })
      return outcome
    })
  }

  /** Throws Problem `nothing_to_undo`, `version_conflict`, `note_not_found`, `name_taken`. */
  async undo(args: Args<'undo'>, command: string): Promise<UndoneNote> {
    const db = await this.database()
    const done = await this.outcome<UndoneNote>(db, command)
    if (done !== undefined) return done
    const change = await undoable(db, args.path === null ? null : names.notePath(args.path), args.command_id)
    return takeBack(db, change, command, this.clock())
  }

  /** How many notes there are, and how many in the trash. */
  async sizes(): Promise<{ notes: number; trash: number }> {
    const db = await this.database()
    const [notes, trash] = await Promise.all([db.count('notes'), db.count('trash')])
    return { notes, trash }
  }

  private async make(
    db: Database,
    path: string,
    title: string,
    body: string,
    tags: string[],
    kind: Kind,
    command: string,
  ): Promise<NoteRef> {
    const shown = [...new Set(tags.map(names.display))].filter(Boolean)
    return this.place(db, path, newNote(title, body, shown, timestamp(this.clock()), command), kind, command)
  }

  /** A new note of exactly this content. Throws Problem `name_taken`, `note_too_large`. */
  async place(db: Database, path: string, content: string, kind: Kind, command: string): Promise<NoteRef> {
    small(content)
    const document = await Document.of(path, content)
    const outcome = document.ref(true)
    return this.once(db, command, async (tx) => {
      const there = await tx.objectStore('notes').get(names.key(path))
      if (there !== undefined) {
        throw new Problem('name_taken', `There is already a note ${names.short(there.path)}; it was not touched.`)
      }
      const change = this.change(kind, 'create', command, command, document, outcome)
      await put(tx, names.key(path), document, command, change.at, null)
      await record(tx, { ...change, after: document.digest })
      return outcome
    })
  }

  /** Puts `compute`'s content in the place of the note's. An append that meets another write starts again. */
  private async rewrite(
    db: Database,
    asked: string,
    kind: 'append' | 'edit',
    command: string,
    compute: (note: Document) => string,
  ): Promise<NoteRef> {
    const done = await this.outcome<NoteRef>(db, command)
    if (done !== undefined) return done
    for (let tries = 1; ; tries += 1) {
      const { document } = await this.found(db, asked)
      const content = compute(document)
      if (content === document.content) return document.ref(false)
      small(content)
      const after = await Document.of(document.path, content)
      const outcome = after.ref(false)
      try {
        return await this.once(db, command, async (tx) => {
          const row = await still(tx, names.key(asked), document.digest)
          const change = this.change(kind, 'write', command, row.note, after, outcome)
          await put(tx, row.key, after, row.note, change.at, document)
          await record(tx, { ...change, before: document.digest, after: after.digest })
          return outcome
        })
      } catch (error) {
        const met = error instanceof Problem && error.code === 'version_conflict'
        if (kind === 'edit' || !met || tries >= TRIES) throw error
      }
    }
  }

  /** One transaction, unless this command was done before: then what it answered. */
  private async once<T>(db: Database, command: string, work: (tx: Write) => Promise<T>): Promise<T> {
    const answer = await write(db, async (tx) => ((await answered(tx, command)) as T | undefined) ?? work(tx))
    this.writes += 1
    if (this.writes % PRUNE_EVERY === 0) await prune(db, this.clock())
    return answer
  }

  private async outcome<T>(db: Database, command: string): Promise<T | undefined> {
    return (await db.getFromIndex('changes', 'command', command))?.outcome as T | undefined
  }

  private async found(db: Database, path: string): Promise<{ document: Document; updated: number }> {
    const tx = db.transaction(['notes', 'texts'])
    const key = names.key(path)
    const [row, content] = await Promise.all([tx.objectStore('notes').get(key), tx.objectStore('texts').get(key)])
    if (row === undefined || content === undefined) {
      throw new Problem('note_not_found', `There is no note ${names.short(path)}.`)
    }
    return { document: await Document.of(row.path, content), updated: row.updated }
  }

  /** The folder as it is written already, in whatever case; what is new of it gets safe names. */
  async folder(db: Database, asked: string): Promise<string> {
    let path = ''
    const parts = names.folderPath(asked).split('/').filter(Boolean)
    if (parts.length === 0) return path
    const rows = await db.getAll('notes')
    for (const part of parts) {
      const wanted = [part, names.folderName(part)].map((each) => names.key(names.join(path, each)))
      const there = rows.find((row) => wanted.some((each) => row.key.startsWith(`${each}/`)))
      const depth = path === '' ? 0 : path.split('/').length
      path = names.join(path, there?.path.split('/')[depth] ?? names.folderName(part))
    }
    return path
  }

  private change(
    kind: Kind,
    effect: Change['effect'],
    command: string,
    note: string,
    document: Document,
    outcome: unknown,
  ): NewChange {
    const { path, title } = document
    const place = { note, key: names.key(path), path, title }
    return {
      command,
      kind,
      effect,
      ...place,
      at: this.clock(),
      before: '',
      after: '',
      trashed: false,
      undoes: '',
      outcome,
    }
  }
}

function small(content: string): void {
  const size = bytes(content)
  if (size <= MAX_NOTE_BYTES) return
  const most = MAX_NOTE_BYTES.toLocaleString('en')
  throw new Problem('note_too_large', `The note would have ${size.toLocaleString('en')} bytes; ${most} is the most.`)
}

/** The change to take back: the one of this command, or the last one that is in force. */
async function undoable(db: Database, path: string | null, command: string | null): Promise<Change> {
  if (command === null) {
    const inForce = (change: Change) => change.undoneBy === '' && change.kind !== 'undo'
    const where = path === null ? '' : ` to ${names.short(path)}`
    const all = path === null ? await db.getAll('changes') : await db.getAllFromIndex('changes', 'key', names.key(path))
    const last = all.filter(inForce).at(-1)
    if (last !== undefined) return last
    throw new Problem('nothing_to_undo', `Deskbell has made no change${where} that could be undone.`)
  }
  const change = await db.getFromIndex('changes', 'command', command)
  if (change === undefined) {
    throw new Problem('nothing_to_undo', `The command ${command} made no change to a note here.`)
  }
  if (path !== null && names.key(path) !== change.key) {
    throw new Problem('nothing_to_undo', `That command changed ${names.short(change.path)}, not ${names.short(path)}.`)
  }
  if (change.undoneBy !== '') {
    throw new Problem('nothing_to_undo', `That is undone already, by ${change.undoneBy}; undo that to do it again.`)
  }
  return change
}
