// The hand-over: notes go to the daemon's folder by the account's own path, once a daemon is paired. None is lost: a note
// leaves only when its last piece is known to have arrived. None comes twice: what is sent, and under which key, is
// written down first, and the relay does the same key once, however often it is sent.

import { Problem, type Result } from '../wire.ts'
import { type Crossing, type Database, write } from './database.ts'
import { Document } from './document.ts'
import { find } from './front_matter.ts'
import { join, split, stem } from './names.ts'
import { pieces } from './pieces.ts'
import { characters, part } from './points.ts'
import type { NotesRoom } from './room.ts'
import { drop } from './writer.ts'

/** The way to the daemon: link/relay.ts. Each throws Problem when nothing is known of the request. */
export interface Laptop {
  request(action: string, args: Record<string, unknown>, key: string, waitS: number): Promise<Result>
}

/** How a hand-over ended: how many notes left, how many are still here, and what stands in the way, if anything does. */
export interface Handed {
  moved: number
  left: number
  /** The laptop has a note and has not answered: it sleeps, or asks the person. */
  waiting: boolean
  problem: Problem | null
}

type Crossed = 'left' | 'waiting' | Problem

const MOST_NUMBERS = 50
const READ = 60_000

const FINISHED = new Set(['done', 'failed', 'refused', 'expired', 'cancelled', 'interrupted'])

/** Failures that another try would only repeat: the person decides. */
const FINAL = new Set(['refused', 'interrupted', 'note_too_large', 'unsafe_name', 'outside_folder'])

export class Handover {
  private running: Promise<Handed> | undefined

  constructor(
    private readonly room: NotesRoom,
    private readonly laptop: Laptop,
    private readonly clock: () => number = () => Date.now() * 1_000,
  ) {}

  /** Hands over all notes, the oldest first. Two calls at once are one. `again`: also what the person refused before. */
  run(options: { waitS?: number; again?: boolean } = {}): Promise<Handed> {
    this.running ??= this.all(options.waitS ?? 10, options.again ?? false).finally(() => {
      this.running = undefined
    })
    return this.running
  }

  /** Hands over one note. Its path on the laptop; null when it has not arrived yet: a later `run` goes on with it. */
  async one(note: string, waitS: number): Promise<string | null> {
    const db = await this.room.database()
    const before = await db.get('handed', note)
    if (before !== undefined) return before.path
    const row = await db.getFromIndex('notes', 'note', note)
    if (row === undefined) return null
    if ((await this.cross(db, note, waitS)) !== 'left') return null
    return (await db.get('handed', note))?.path ?? null
  }

  private async all(waitS: number, again: boolean): Promise<Handed> {
    const db = await this.room.database()
    const rows = (await db.getAll('notes')).sort((a, b) => a.updated - b.updated)
    let moved = 0
    let waiting = false
    let problem: Problem | null = null
    for (const { note } of rows) {
      const crossing = await db.get('crossings', note)
      if (crossing !== undefined && FINAL.has(crossing.failure) && !again) {
        problem ??= new Problem(crossing.failure, `A note was not taken by the laptop (${crossing.failure}).`)
        continue
      }
      const crossed = await this.cross(db, note, waitS)
      if (crossed === 'left') {
        moved += 1
        continue
      }
      if (crossed === 'waiting') waiting = true
      else problem = crossed
      // Another note would meet the same: the network, the limit, a sleeping laptop, the person's refusal.
      if (crossed === 'waiting' || crossed.code !== 'note_too_large') break
    }
    return { moved, left: await db.count('notes'), waiting, problem }
  }

  /** Takes one note across. */
  private async cross(db: Database, note: string, waitS: number): Promise<Crossed> {
    let crossing = await this.begun(db, note)
    while (crossing !== null) {
      if (crossing.done === crossing.pieces.length) {
        crossing = await this.left(db, crossing)
        continue
      }
      let result: Result
      try {
        result = await this.send(crossing, waitS)
      } catch (error) {
        // Whether it arrived is not known: the same key will tell.
        if (error instanceof Problem) return error
        throw error
      }
      if (result.status === 'done') {
        const path = result.output?.path
        if (typeof path !== 'string') return new Problem('internal', 'The laptop wrote the note and did not say where.')
        crossing = await this.saved(db, { ...crossing, done: crossing.done + 1, path, failure: '' })
      } else if (result.status === 'failed' && result.error?.code === 'name_taken' && crossing.done === 0) {
        crossing = await this.renamed(db, crossing, waitS)
        if (crossing.number > MOST_NUMBERS) return Problem.from(result.error)
      } else if (!FINISHED.has(result.status)) {
        return 'waiting'
      } else {
        return this.stopped(db, crossing, result)
      }
    }
    return 'left'
  }

  private send(crossing: Crossing, waitS: number): Promise<Result> {
    const piece = crossing.pieces[crossing.done] ?? ''
    const key =
      crossing.attempt === 0 && crossing.done === 0
        ? crossing.note
        : `${crossing.note}.${crossing.attempt}.${crossing.done}`
    if (crossing.done > 0) return this.laptop.request('note.append', { path: crossing.path, text: piece }, key, waitS)
    const args = {
      title: titleOf(crossing),
      body: piece,
      ...(crossing.folder === '' ? {} : { folder: crossing.folder }),
    }
    return this.laptop.request('note.create', args, key, waitS)
  }

  /** Freezes what is sent; goes on with what was frozen before. */
  private async begun(db: Database, note: string): Promise<Crossing | null> {
    return write(db, async (tx) => {
      const before = await tx.objectStore('crossings').get(note)
      const row = await tx.objectStore('notes').index('note').get(note)
      if (row === undefined) {
        if (before !== undefined) await tx.objectStore('crossings').delete(note)
        return null
      }
      if (before !== undefined && before.failure === '') return before
      const content = (await tx.objectStore('texts').get(row.key)) ?? ''
      const crossing = frozen(note, row.digest, row.path, content, before)
      await tx.objectStore('crossings').put(crossing)
      return crossing
    })
  }

  /** All has arrived: the note leaves. One that was changed meanwhile stays, and its new text goes as another note. */
  private async left(db: Database, crossing: Crossing): Promise<Crossing | null> {
    const row = await db.getFromIndex('notes', 'note', crossing.note)
    const content = row === undefined ? undefined : await db.get('texts', row.key)
    const document = row && content !== undefined ? await Document.of(row.path, content) : null
    return write(db, async (tx) => {
      const current = await tx.objectStore('notes').index('note').get(crossing.note)
      await tx.objectStore('handed').put({ note: crossing.note, path: crossing.path, at: this.clock() })
      if (current === undefined) {
        await tx.objectStore('crossings').delete(crossing.note)
        return null
      }
      if (current.digest !== crossing.digest) {
        const text = (await tx.objectStore('texts').get(current.key)) ?? ''
        const next = frozen(crossing.note, current.digest, current.path, text, crossing)
        await tx.objectStore('crossings').put(next)
        return next
      }
      if (document?.digest !== current.digest) return crossing // it changed and changed back while we looked: look again
      await drop(tx, current, document)
      await tx.objectStore('crossings').delete(crossing.note)
      return null
    })
  }

  /** The name is taken on the laptop: by this very text (an answer that was lost long ago), or by another note. */
  private async renamed(db: Database, crossing: Crossing, waitS: number): Promise<Crossing> {
    const path = join(crossing.folder, `${titleOf(crossing)}.md`)
    const text = crossing.pieces[0] ?? ''
    const own = ended(text.slice(find(text).textAt))
    const key = `${crossing.note}.${crossing.attempt}.read`
    const there = await this.laptop.request('note.read', { path, limit: READ }, key, waitS).catch(unknown)
    const output = there?.status === 'done' ? there.output : null
    if (own !== '' && output?.characters === characters(own) && output.text === part(own, 0, READ)) {
      return this.saved(db, { ...crossing, done: 1, path: String(output.path) })
    }
    return this.saved(db, { ...crossing, number: crossing.number + 1, attempt: crossing.attempt + 1 })
  }

  /** Not done: what is known is written down, so that the next try does the right thing. */
  private async stopped(db: Database, crossing: Crossing, result: Result): Promise<Problem> {
    const code = result.error?.code ?? result.status
    await this.saved(db, { ...crossing, failure: code })
    return new Problem(
      code,
      result.error?.message ?? `The laptop did not take the note (${result.status}).`,
      result.error?.next_step ?? undefined,
    )
  }

  private async saved(db: Database, crossing: Crossing): Promise<Crossing> {
    await write(db, (tx) => tx.objectStore('crossings').put(crossing))
    return crossing
  }
}

function titleOf(crossing: Crossing): string {
  return crossing.number === 1 ? crossing.stem : `${crossing.stem} ${crossing.number}`
}

/** What crosses now. After a failure, or another text, under new keys: the old ones are answered for. */
function frozen(note: string, digest: string, path: string, content: string, before: Crossing | undefined): Crossing {
  return {
    ...{ note, digest, pieces: pieces(content), folder: split(path)[0], stem: stem(path) },
    ...{ number: before?.number ?? 1, attempt: before === undefined ? 0 : before.attempt + 1 },
    ...{ done: 0, path: '', failure: '' },
  }
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

/** What cannot be read is taken for another note: a second copy is better than none. */
function unknown(error: unknown): null {
  if (error instanceof Problem) return null
  throw error
}
