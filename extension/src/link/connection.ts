// Whether the relay is heard: the honest state that the person sees, kept over the worker's sleep.

import type { Connection as Word } from '../face.ts'
import type { FactStore } from '../store/facts.ts'
import { unattended } from '../unattended.ts'
import { type Failure, Problem } from '../wire.ts'
import { Backoff, MOST_ASKED_MS } from './backoff.ts'
import { toInstant } from './clock.ts'

/** `connected` means that the relay was heard so short a time ago. */
export const FRESH_MS = 40_000
/** A pause shorter than this is not remembered: the worker's own sleep is longer. */
const WORTH_MS = 5_000

export interface ConnectionView {
  word: Word
  heardAt?: string
  problem?: Failure
}

export class Connection {
  #heardAt = 0
  #problem: Problem | null = null
  #trying = false
  #ended = false
  #silence: ReturnType<typeof setTimeout> | undefined
  #loaded = false

  constructor(
    readonly facts: FactStore,
    readonly changed: () => void,
  ) {}

  /** `hello` or `ping` came. Not through storage.*: that would keep the worker awake for good. */
  heard(offsetMs: number): void {
    const fresh = this.#isFresh()
    this.#heardAt = Date.now()
    this.#loaded = true
    this.#trying = false
    this.#ended = false
    if (this.#problem !== null || !fresh) {
      this.#problem = null
      this.changed()
      unattended(this.facts.delete('tryAfter'), 'Remembering the connection')
    }
    unattended(this.facts.note('heardAt', this.#heardAt), 'Remembering the connection')
    unattended(this.facts.note('clockOffsetMs', offsetMs), 'Remembering the connection')
    clearTimeout(this.#silence)
    this.#silence = setTimeout(this.changed, FRESH_MS + 500)
  }

  connecting(): void {
    this.#trying = true
    this.changed()
  }

  /** The stream broke; the next try is after `pauseMs`. */
  async lost(problem: Problem, pauseMs: number, failures: number): Promise<void> {
    this.#problem = problem
    this.#trying = false
    if (pauseMs > WORTH_MS) {
      await this.facts.note('tryAfter', { at: Date.now() + pauseMs, failures, problem: problem.failure })
    }
    this.changed()
  }

  /** There will be no further try: the pairing is over. */
  async ended(problem: Problem | null): Promise<void> {
    this.#problem = problem ?? this.#problem
    this.#trying = false
    this.#ended = true
    this.changed()
  }

  async reset(): Promise<void> {
    clearTimeout(this.#silence)
    this.#heardAt = 0
    this.#problem = null
    this.#trying = false
    this.#ended = false
  }

  /** For a worker that has just woken: the failures before it count on. Null: the pause is not over. */
  async backoff(): Promise<Backoff | null> {
    const after = await this.facts.get('tryAfter')
    const backoff = new Backoff()
    if (after === undefined) return backoff
    const left = after.at - Date.now()
    // The alarm comes half a minute apart: what is nearly over is over.
    if (left > WORTH_MS && left <= 2 * MOST_ASKED_MS) {
      this.#problem = Problem.from(after.problem)
      return null
    }
    backoff.failures = after.failures
    return backoff
  }

  async state(): Promise<ConnectionView> {
    if (!this.#loaded) {
      const before = (await this.facts.get('heardAt')) ?? 0
      this.#heardAt = Math.max(this.#heardAt, before) // it may have been heard while that was read
      this.#loaded = true
    }
    const revoked = this.#ended || (await this.facts.get('revoked')) === true
    return {
      word: revoked ? 'needs_pairing' : this.#isFresh() ? 'connected' : this.#trying ? 'connecting' : 'offline',
      ...(this.#heardAt === 0 ? {} : { heardAt: toInstant(this.#heardAt) }),
      ...(this.#problem === null ? {} : { problem: this.#problem.failure }),
    }
  }

  /** Of a stream that broke a moment ago nothing is fresh. */
  #isFresh(): boolean {
    const age = Date.now() - this.#heardAt
    return this.#problem === null && age >= 0 && age < FRESH_MS
  }
}
