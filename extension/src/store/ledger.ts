// Which commands were seen, begun and finished: what makes "at least once on the wire" into "once in effect", whenever
// the worker is killed. A command enters it in the same transaction as its cursor.

import type { Command, Hop, Report } from '../wire.ts'
import type { Database } from './database.ts'

export type State = 'waiting' | 'ready' | 'started' | 'finished'

/** How the effect is taken back. */
export interface Undo {
  action: string
  arguments: Record<string, unknown>
  where: 'laptop' | 'browser'
}

export interface Entry {
  id: string
  /** SHA-256 of action, arguments and device: what the person is asked about is what runs. */
  fingerprint: string
  command: Command
  state: State
  /** The person said yes to this very command. */
  approved: boolean
  /** When it came here, in milliseconds since the epoch; unique, so that it is an order. */
  at: number
  report?: Report
  /** What the relay said to the report. */
  reported?: string
  hops?: Partial<Record<Hop, string>>
  undo?: Undo
  undone?: boolean
  unfinished?: 1
  unreported?: 1
}

/** `known`: it was seen before, and this is how far it is. */
export type Admission = { fresh: true } | { fresh: false; known: Entry }

const KEPT = 2_000

/** SHA-256 of the parts in a form that does not depend on the order of keys, as hex. */
export async function fingerprint(command: Pick<Command, 'action' | 'arguments' | 'device_id'>): Promise<string> {
  const text = canonical([command.action, command.arguments, command.device_id])
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

export class Ledger {
  #latest = 0

  constructor(readonly database: Database) {}

  async entry(id: string): Promise<Entry | undefined> {
    return this.database.get('ledger', id)
  }

  /** Take a command, and move the cursor past it, at once or not at all. */
  async admit(entry: Omit<Entry, 'at' | 'unfinished' | 'unreported'>, cursor: string | null): Promise<Admission> {
    const change = this.database.transaction(['ledger', 'facts'], 'readwrite', { durability: 'strict' })
    const ledger = change.objectStore('ledger')
    const known = await ledger.get(entry.id)
    if (known === undefined) await ledger.add(this.#indexed({ ...entry, at: this.#now() }))
    if (cursor !== null) await change.objectStore('facts').put(cursor, 'cursor')
    await change.done
    return known === undefined ? { fresh: true } : { fresh: false, known }
  }

  /** For what is no command of the relay's: a page kept by the person's own hand. */
  async add(entry: Omit<Entry, 'at'>): Promise<void> {
    await this.database.put('ledger', this.#indexed({ ...entry, at: this.#now() }))
  }

  async approve(id: string): Promise<Entry | undefined> {
    return this.#change(id, (entry) =>
      entry.state === 'waiting' ? { ...entry, state: 'ready', approved: true } : null,
    )
  }

  /** Before the effect. Gives undefined when it is not to be begun: it has been, or it is finished. */
  async start(id: string): Promise<Entry | undefined> {
    return this.#change(id, (entry) =>
      entry.state === 'ready' || entry.state === 'waiting' ? { ...entry, state: 'started' } : null,
    )
  }

  /** After the effect, or instead of it. The first report stands. */
  async finish(id: string, report: Report, undo?: Undo): Promise<Entry | undefined> {
    return this.#change(id, (entry) =>
      entry.state === 'finished'
        ? null
        : { ...entry, state: 'finished', report, ...(undo === undefined ? {} : { undo }) },
    )
  }

  async reported(id: string, outcome: string): Promise<void> {
    await this.#change(id, (entry) => ({ ...entry, reported: outcome }))
  }

  async passed(id: string, hops: Partial<Record<Hop, string>>): Promise<void> {
    await this.#change(id, (entry) => ({ ...entry, hops }))
  }

  async undone(id: string): Promise<void> {
    await this.#change(id, (entry) => ({ ...entry, undone: true }))
  }

  /** In the order in which they came. */
  async unfinished(): Promise<Entry[]> {
    return inOrder(await this.database.getAllFromIndex('ledger', 'unfinished'))
  }

  async unreported(): Promise<Entry[]> {
    return inOrder(await this.database.getAllFromIndex('ledger', 'unreported'))
  }

  /** The latest, newest first. */
  async recent(most: number): Promise<Entry[]> {
    const found: Entry[] = []
    let cursor = await this.database.transaction('ledger').store.index('at').openCursor(null, 'prev')
    while (cursor !== null && found.length < most) {
      found.push(cursor.value)
      cursor = await cursor.continue()
    }
    return found
  }

  /** Forget the oldest finished and reported ones above the number that is kept; how many went. */
  async prune(kept = KEPT): Promise<number> {
    const change = this.database.transaction('ledger', 'readwrite')
    let surplus = (await change.store.count()) - kept
    let gone = 0
    let cursor = surplus > 0 ? await change.store.index('at').openCursor() : null
    while (cursor !== null && surplus > 0) {
      const { unfinished, unreported } = cursor.value
      if (unfinished === undefined && unreported === undefined) {
        await cursor.delete()
        gone++
      }
      surplus--
      cursor = await cursor.continue()
    }
    await change.done
    return gone
  }

  /** Change an entry in one transaction; undefined when there is none, or `to` gives null. */
  async #change(id: string, to: (entry: Entry) => Entry | null): Promise<Entry | undefined> {
    const change = this.database.transaction('ledger', 'readwrite', { durability: 'strict' })
    const entry = await change.store.get(id)
    const changed = entry === undefined ? null : to(entry)
    if (changed !== null) await change.store.put(this.#indexed(changed))
    await change.done
    return changed ?? undefined
  }

  #indexed(entry: Entry): Entry {
    const { unfinished: _unfinished, unreported: _unreported, ...rest } = entry
    return {
      ...rest,
      ...(entry.state === 'finished' ? {} : { unfinished: 1 as const }),
      ...(entry.state === 'finished' && entry.reported === undefined ? { unreported: 1 as const } : {}),
    }
  }

  #now(): number {
    this.#latest = Math.max(Date.now(), this.#latest + 0.001)
    return this.#latest
  }
}

function inOrder(entries: Entry[]): Entry[] {
  return entries.sort((one, other) => one.at - other.at)
}
