// Results and progress on their way to the relay: the ledger is the outbox, and each is posted until it is answered.

import { Misfit } from '../shape.ts'
import type { Ledger } from '../store/ledger.ts'
import { unattended } from '../unattended.ts'
import { type Hop, Problem, type Report, type Result } from '../wire.ts'
import { Backoff } from './backoff.ts'
import { type Answer, problemOf, type Relay } from './relay.ts'
import { Refusal } from './source.ts'

/** Answers that end the retry: the relay will never take this report. */
const FINAL: Readonly<Record<number, string>> = {
  404: 'command_not_found',
  409: 'result_conflict',
  410: 'command_expired',
}
const UNFIT = new Set([400, 413, 415, 422])
const AT_ONCE = 4

export class Reports {
  readonly #sending = new Map<string, Promise<boolean>>()
  readonly #waiting: (() => void)[] = []
  #free = AT_ONCE
  #hurry: (() => void)[] = []
  #closed = false

  constructor(
    readonly relay: Relay,
    readonly ledger: Ledger,
    readonly changed: () => void = () => {},
  ) {}

  /** Post what became of a command until the relay has it. One that is being sent already is left alone. */
  send(id: string, report: Report): void {
    if (this.#sending.has(id)) return
    const work = this.#send(id, report).finally(() => this.#sending.delete(id))
    this.#sending.set(id, work)
    unattended(this.#hopsAfter(id, work), `The report of ${id}`)
  }

  /** Tell how it goes, once; the result that follows matters more. */
  async progress(id: string, status: 'awaiting_approval' | 'running'): Promise<void> {
    if (this.#sending.has(id)) return
    try {
      await this.relay.progress(id, status)
    } catch (error) {
      if (!(error instanceof Problem)) throw error // offline: the stream says it again when it is back
    }
  }

  /** Say once what became of a command that no ledger can hold. */
  async excuse(id: string, report: Report): Promise<void> {
    try {
      await this.relay.report(id, report)
    } catch (error) {
      if (!(error instanceof Problem)) throw error // it expires at the relay, unheard
    }
  }

  /** The stream is open: send all that waits, at once. */
  async resume(): Promise<void> {
    for (const hurry of this.#hurry.splice(0)) hurry()
    for (const entry of await this.ledger.unreported()) {
      if (entry.report !== undefined) this.send(entry.id, entry.report)
    }
  }

  /** Nothing more is sent; what was not stays in the ledger. */
  close(): void {
    this.#closed = true
    for (const hurry of this.#hurry.splice(0)) hurry()
  }

  /** Gives true when the relay has taken it. */
  async #send(id: string, first: Report): Promise<boolean> {
    const backoff = new Backoff()
    let report = first
    while (!this.#closed) {
      let pause = 0
      try {
        const answer = await this.#inTurn(() => this.relay.report(id, report))
        const outcome = answer.status < 300 ? 'taken' : FINAL[answer.status]
        if (outcome !== undefined) {
          await this.ledger.reported(id, outcome)
          return outcome === 'taken'
        }
        if (UNFIT.has(answer.status)) {
          if (report !== first) {
            await this.ledger.reported(id, `refused_${answer.status}`)
            return false
          }
          report = excuse(first, answer)
          continue
        }
        pause = answer.retryAfterMs
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        if (error.code === 'revoked_token' || error.code === 'not_paired') return false // a new pairing, or none, decides
        pause = error instanceof Refusal ? error.atLeastMs : 0
      }
      await this.#pause(backoff.nextMs(pause), pause === 0)
    }
    return false
  }

  /** When it passed each hop, for the person; the relay alone knows. */
  async #hopsAfter(id: string, sent: Promise<boolean>): Promise<void> {
    if (!(await sent)) return
    try {
      await this.ledger.passed(id, hopsOf(await this.relay.command(id)))
    } catch (error) {
      if (!(error instanceof Problem || error instanceof Misfit)) throw error // without hop times the list still says what happened
    }
    this.changed()
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#free--
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }

  /** A relay that comes back ends the pause early, unless it asked for the pause itself. */
  #pause(ms: number, hurry: boolean): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      if (!hurry && !this.#closed) return
      this.#hurry.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

export function hopsOf(result: Result): Partial<Record<Hop, string>> {
  return Object.fromEntries(Object.entries(result.hops).filter(([, at]) => at !== null))
}

function excuse(report: Report, answer: Answer): Report {
  return {
    status: 'failed',
    output: null,
    error: {
      code: answer.status === 413 ? 'body_too_large' : 'internal',
      message: `The browser did it, but the relay did not take the result: ${problemOf(answer).message}`.slice(
        0,
        2_000,
      ),
      next_step: 'Check the effect in the browser before asking again.',
    },
    acted_at: report.acted_at,
  }
}
