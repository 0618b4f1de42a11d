// Performs one command, within its time, and makes its report, whatever happens inside.

import type { ActContext, NewNote, Performer, SavedNote } from '../actions/context.ts'
import type { NotesRoom } from '../notes/room.ts'
import type { Entry, Undo } from '../store/ledger.ts'
import { Problem, type Report } from '../wire.ts'
import * as outcome from './outcome.ts'

/** A page that does not answer must not keep the next command waiting. */
const LONGEST_MS = 60_000
/** The relay takes 1 MB of a result. */
const MOST_BYTES = 900_000

/** Keeps a note where the account keeps notes, and says how it is taken back. */
export type Keep = (note: NewNote, key: string) => Promise<SavedNote & { undo: Undo }>

export interface Performed {
  report: Report
  undo?: Undo
}

export class Performance {
  readonly #running = new Map<string, AbortController>()

  constructor(
    readonly performers: Readonly<Record<string, Performer>>,
    readonly notes: NotesRoom,
    readonly keep: Keep,
    readonly now: () => number,
    readonly longestMs = LONGEST_MS,
  ) {}

  knows(action: string): boolean {
    return Object.hasOwn(this.performers, action)
  }

  /** Never throws. */
  async perform(entry: Pick<Entry, 'id' | 'command'>): Promise<Performed> {
    const { action } = entry.command
    const end = new AbortController()
    this.#running.set(entry.id, end)
    const timer = setTimeout(() => end.abort(tooLong(action, this.longestMs)), this.longestMs)
    let undo: Undo | undefined
    const context: ActContext = {
      signal: end.signal,
      commandId: entry.id,
      notes: this.notes,
      save: async (note) => {
        const { undo: back, ...saved } = await this.keep(note, entry.id)
        undo = back
        return saved
      },
    }
    try {
      const perform = this.performers[action] as Performer
      const output = await Promise.race([perform(entry.command.arguments, context), rejection(end.signal)])
      const bytes = new TextEncoder().encode(JSON.stringify(output)).length
      if (bytes > MOST_BYTES) {
        throw new Problem('body_too_large', `The output has ${bytes} bytes; ${MOST_BYTES} fit into an answer.`)
      }
      const back = undo ?? undoOf(action, entry.id)
      return { report: outcome.done(withoutNull(output), this.now()), ...(back === undefined ? {} : { undo: back }) }
    } catch (error) {
      // A fault in one action must not silence the bell: whatever it is, the assistant hears of it.
      if (error === CANCELLED) return { report: outcome.cancelled() }
      const problem =
        error instanceof Problem
          ? error
          : new Problem(
              'internal',
              `The browser met an unexpected ${(error as Error)?.name ?? typeof error} in ${action}.`,
            )
      if (!(error instanceof Problem)) console.error(`${action} failed`, error)
      return { report: outcome.failed(problem, this.now()), ...(undo === undefined ? {} : { undo }) }
    } finally {
      clearTimeout(timer)
      this.#running.delete(entry.id)
    }
  }

  /** The assistant no longer wants it. */
  cancel(id: string): void {
    this.#running.get(id)?.abort(CANCELLED)
  }

  cancelAll(): void {
    for (const end of this.#running.values()) end.abort(CANCELLED)
  }
}

const CANCELLED = new Problem('not_cancellable', 'It was cancelled.')

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

function tooLong(action: string, ms: number): Problem {
  return new Problem('action_timeout', `${action} took longer than ${ms / 1_000} s.`, 'Check its effect, ask again.')
}

/** The extension's own notes remember which command changed them. Nothing of a tab is taken back: its number changes. */
function undoOf(action: string, id: string): Undo | undefined {
  if (!/^note\.(create|append|edit|trash|undo)$/.test(action)) return undefined
  return { action: 'note.undo', arguments: { command_id: id }, where: 'browser' }
}

/** What is null is left out: the schemas that the doors show do not know null, and clients check answers. */
function withoutNull(output: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(output, (_, value) => value ?? undefined))
}
