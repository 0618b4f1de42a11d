// The gate: every command passes it once, from receipt to report, by the person's rules and in the relay's order.

import type { RelayClock } from '../link/clock.ts'
import { fromInstant } from '../link/clock.ts'
import type { Reports } from '../link/reports.ts'
import type { FactStore } from '../store/facts.ts'
import { type Entry, fingerprint, type Ledger, type State } from '../store/ledger.ts'
import { unattended } from '../unattended.ts'
import { type Command, Problem, type Report } from '../wire.ts'
import { CATALOGUE } from './catalogue.ts'
import * as outcome from './outcome.ts'
import type { Performance } from './performance.ts'
import type { Policy } from './policy.ts'

const MOST_ARGUMENT_BYTES = 400_000
/** How many commands may wait for the person in all, and how many of them may be one assistant's. */
const MOST_WAITING = 100
const MOST_OF_ONE = 25

/** What the person is shown; none of it decides anything. */
export interface Attention {
  /** A command waits: the badge, the window, a notification. */
  asks(entry: Entry): void
  /** It was finished; `shown`: with a notification that can take it back. */
  finished(entry: Entry, shown: boolean): void
  /** Something else has changed. */
  changed(): void
}

export interface GateParts {
  deviceId: string
  ledger: Ledger
  facts: FactStore
  policy: Policy
  performance: Performance
  reports: Reports
  clock: RelayClock
  attention: Attention
}

export class Gate {
  readonly #parts: GateParts
  readonly #ready: string[] = []
  #working: Promise<void> | null = null

  constructor(parts: GateParts) {
    this.#parts = parts
  }

  // The stream's side

  /** Take a command; resolves when the ledger has it, and the cursor with it. */
  async receive(command: Command, cursor: string | null): Promise<void> {
    const { ledger, deviceId, attention } = this.#parts
    if (command.device_id !== deviceId) return this.skip(cursor)
    const judged = await this.#judge(command)
    const kept = judged.dropped ? { ...command, arguments: {} } : command
    const admission = await ledger.admit(
      {
        id: command.id,
        fingerprint: await fingerprint(kept),
        command: kept,
        state: judged.state,
        approved: false,
        ...(judged.report === undefined ? {} : { report: judged.report }),
      },
      cursor,
    )
    if (!admission.fresh) {
      // Seen before: not run twice. What came of it is sent again, for the relay has not heard it.
      const { known } = admission
      if (known.state === 'finished' && known.report !== undefined) this.#parts.reports.send(known.id, known.report)
      return
    }
    if (judged.report !== undefined) this.#parts.reports.send(command.id, judged.report)
    else if (judged.state === 'ready') this.#enqueue(command.id)
    else await this.#ask(command.id)
    attention.changed()
  }

  /** A command event that is no command. Where its id can be read, the assistant hears why. */
  async reject(id: string | null, cursor: string | null): Promise<void> {
    await this.skip(cursor)
    if (id !== null) unattended(this.#parts.reports.excuse(id, outcome.unreadable()), `The excuse for ${id}`)
  }

  /** Move the cursor past what is not ours. */
  async skip(cursor: string | null): Promise<void> {
    if (cursor !== null) await this.#parts.facts.set('cursor', cursor)
  }

  /** The assistant no longer wants it. What has begun is stopped or goes on: its result says what happened. */
  async cancel(id: string): Promise<void> {
    const entry = await this.#parts.ledger.entry(id)
    if (entry?.state === 'waiting' || entry?.state === 'ready') await this.#finish(id, outcome.cancelled())
    else this.#parts.performance.cancel(id)
  }

  // The person's side

  /** Let a waiting command run. Throws Problem request_not_found, paused, command_expired. */
  async approve(id: string, scope: 'once' | 'hour'): Promise<void> {
    const entry = await this.#waiting(id)
    const { command } = entry
    if (await this.#parts.facts.get('paused')) {
      throw new Problem('paused', 'Deskbell is paused in this browser.', 'Resume it before you allow anything.')
    }
    if (this.#isExpired(command)) {
      await this.#finish(id, outcome.expired(command.expires_at))
      throw new Problem('command_expired', 'This request expired before it was answered.', 'Have it asked again.')
    }
    const action = CATALOGUE.get(command.action)
    if (scope === 'hour' && action !== undefined) {
      await this.#parts.policy.allow(action, command)
    }
    if ((await this.#parts.ledger.approve(id)) === undefined) throw notFound(id)
    this.#enqueue(id)
    if (scope === 'hour') await this.#again(entry)
    this.#parts.attention.changed()
  }

  /** Answer no. Throws Problem request_not_found. */
  async refuse(id: string): Promise<void> {
    await this.#waiting(id)
    await this.#finish(id, outcome.refused())
  }

  /** Refuse what waits, what is ready and what comes. What has begun is finished. */
  async pause(): Promise<void> {
    await this.#parts.facts.set('paused', true)
    await this.#parts.policy.forget()
    for (const entry of await this.#parts.ledger.unfinished()) {
      if (entry.state !== 'started') await this.#finish(entry.id, outcome.paused())
    }
  }

  async resume(): Promise<void> {
    await this.#parts.facts.set('paused', false)
    this.#parts.attention.changed()
  }

  /** What still waits, in the order in which it came; what has expired meanwhile is ended. */
  async waiting(): Promise<Entry[]> {
    const found: Entry[] = []
    for (const entry of await this.#parts.ledger.unfinished()) {
      if (entry.state !== 'waiting') continue
      if (this.#isExpired(entry.command)) await this.#finish(entry.id, outcome.expired(entry.command.expires_at))
      else found.push(entry)
    }
    return found
  }

  /** Tell the relay again which commands wait for the person: it may not have heard. */
  async remind(): Promise<void> {
    for (const entry of await this.waiting()) this.#await(entry.id)
  }

  /** Take up what a killed worker left, before any stream is read. */
  async recover(): Promise<void> {
    for (const entry of await this.#parts.ledger.unfinished()) {
      const action = CATALOGUE.get(entry.command.action)
      if (entry.state === 'started' && !action?.repeatable) {
        await this.#finish(entry.id, outcome.interrupted(entry.command.action))
      } else if (entry.state !== 'waiting') this.#enqueue(entry.id)
    }
    for (const entry of await this.waiting()) this.#parts.attention.asks(entry)
  }

  /** Resolves when nothing is ready or running. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working
  }

  // Inside

  async #judge(command: Command): Promise<{ state: State; report?: Report; dropped?: true }> {
    const { facts, policy, performance } = this.#parts
    const action = CATALOGUE.get(command.action)
    const finished = (report: Report) => ({ state: 'finished' as const, report })
    if (action === undefined || !performance.knows(action.id)) return finished(outcome.unknown(command.action))
    const bytes = new TextEncoder().encode(JSON.stringify(command.arguments)).length
    if (bytes > MOST_ARGUMENT_BYTES) return { ...finished(outcome.tooLarge(bytes, MOST_ARGUMENT_BYTES)), dropped: true }
    if (await facts.get('paused')) return finished(outcome.paused())
    if (this.#isExpired(command)) return finished(outcome.expired(command.expires_at))
    const rule = await policy.rule(action, command)
    const { grant_id: grant, name } = command.assistant
    if (rule === 'refuse') return finished(outcome.ruledOut(name, action.id))
    if (rule === 'run' || rule === 'notify' || (await policy.allowed(action, command))) return { state: 'ready' }
    const waiting = await this.waiting()
    if (waiting.length >= MOST_WAITING) return finished(outcome.crowded(name, MOST_WAITING))
    const own = waiting.filter((entry) => entry.command.assistant.grant_id === grant)
    return own.length >= MOST_OF_ONE ? finished(outcome.crowded(name, MOST_OF_ONE)) : { state: 'waiting' }
  }

  #isExpired(command: Command): boolean {
    return this.#parts.clock.now() >= fromInstant(command.expires_at)
  }

  async #waiting(id: string): Promise<Entry> {
    const entry = await this.#parts.ledger.entry(id)
    if (entry?.state !== 'waiting') throw notFound(id)
    return entry
  }

  async #ask(id: string): Promise<void> {
    const entry = await this.#parts.ledger.entry(id)
    if (entry === undefined) return
    this.#parts.attention.asks(entry)
    this.#await(id)
  }

  #await(id: string): void {
    unattended(this.#parts.reports.progress(id, 'awaiting_approval'), `Saying that ${id} waits`)
  }

  /** An allowance for an hour covers what waits already: the same question need not be asked twice. */
  async #again(answered: Entry): Promise<void> {
    for (const entry of await this.waiting()) {
      const { command } = entry
      const action = CATALOGUE.get(command.action)
      if (action === undefined || command.assistant.grant_id !== answered.command.assistant.grant_id) continue
      if (!(await this.#parts.policy.allowed(action, command))) continue
      if ((await this.#parts.ledger.approve(entry.id)) !== undefined) this.#enqueue(entry.id)
    }
  }

  #enqueue(id: string): void {
    if (!this.#ready.includes(id)) this.#ready.push(id)
    this.#working ??= this.#work().finally(() => {
      this.#working = null
      const next = this.#ready.shift() // it came while the last turn was ending
      if (next !== undefined) this.#enqueue(next)
    })
  }

  async #work(): Promise<void> {
    for (let id = this.#ready.shift(); id !== undefined; id = this.#ready.shift()) {
      try {
        await this.#act(id)
      } catch (error) {
        // The disk does not take the record: without one there was no effect, and the next worker tries again.
        console.error(`${id} was not recorded`, error)
      }
    }
  }

  async #act(id: string): Promise<void> {
    const { ledger, facts, performance, policy } = this.#parts
    const entry = await ledger.entry(id)
    if (entry === undefined || entry.state === 'finished') return
    const { command } = entry
    if (await facts.get('paused')) return this.#finish(id, outcome.paused())
    if (this.#isExpired(command)) return this.#finish(id, outcome.expired(command.expires_at))
    if ((await fingerprint(command)) !== entry.fingerprint) return this.#finish(id, outcome.changed())
    if (entry.state !== 'started' && (await ledger.start(id)) === undefined) return
    const { report, undo } = await performance.perform(entry)
    const action = CATALOGUE.get(command.action)
    const shown = report.status === 'done' && action !== undefined && (await policy.rule(action, command)) === 'notify'
    const ended = await ledger.finish(id, report, undo)
    await this.#concluded(id, ended, report, shown)
  }

  async #finish(id: string, report: Report): Promise<void> {
    await this.#concluded(id, await this.#parts.ledger.finish(id, report), report, false)
  }

  async #concluded(id: string, entry: Entry | undefined, report: Report, shown: boolean): Promise<void> {
    if (entry === undefined) return
    this.#parts.reports.send(id, report)
    this.#parts.attention.finished(entry, shown)
  }
}

function notFound(id: string): Problem {
  return new Problem('request_not_found', `No request ${id} waits for an answer any more.`, 'See what waits now.')
}
