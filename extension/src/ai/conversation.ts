/** The conversation of the side panel: asks, types the answer, stops, and takes up an answer that it left. */

import type { SavedNote } from '../actions/context.ts'
import { type Failure, Problem } from '../wire.ts'
import { type Context, messagesFor, type Turn } from './chat.ts'
import type { AiRelay } from './relay.ts'
import { follow, type Patience } from './run.ts'
import { Typewriter } from './typewriter.ts'
import type { End } from './wire.ts'

export interface ShownTurn extends Turn {
  provider: string
  model: string
  /** cut: the connection is gone, and it is tried again. */
  state: 'asking' | 'writing' | 'cut' | 'done' | 'stopped' | 'error'
  /** The run at the relay, once it has one. */
  run: string | null
  /** From the question to its first piece, as it was seen here, in milliseconds. */
  firstMs: number | null
  end: End | null
  problem: Failure | null
  note: SavedNote | null
}

/** What a page gives it: a clock, the next frame, and whether to type at all. */
export interface Stage {
  now(): number
  /** Calls back at the next frame that is drawn. */
  frame(draw: () => void): void
  /** False in a hidden page, and for a person who prefers less motion: then text is shown as it comes. */
  typing(): boolean
}

export class Conversation {
  turns: ShownTurn[] = []
  readonly #relay: AiRelay
  readonly #changed: () => void
  readonly #stage: Stage
  readonly #patience: Patience
  #leaving = new AbortController()
  #stopping = false

  constructor(relay: AiRelay, changed: () => void, stage: Stage, patience: Patience = {}) {
    this.#relay = relay
    this.#changed = changed
    this.#stage = stage
    this.#patience = patience
  }

  get running(): ShownTurn | null {
    const last = this.turns.at(-1)
    return last && (last.state === 'asking' || last.state === 'writing' || last.state === 'cut') ? last : null
  }

  /** Ends when the answer has ended; what goes wrong stands in the turn. */
  async ask(question: string, context: Context | null, provider: string, model: string): Promise<void> {
    if (this.running) return
    const messages = messagesFor(this.turns, question, context)
    this.#stopping = false
    const at = this.#add({ question, context, answer: '', provider, model, run: null })
    const began = this.#stage.now()
    try {
      const run = await this.#relay.start({ provider, model, messages })
      this.#set(at, { run })
      if (this.#stopping) await this.#relay.stop(run)
      await this.#type(at, run, began)
    } catch (error) {
      this.#fail(at, error)
    }
  }

  /** Shows what was kept, and goes on with an answer that was being written. */
  async restore(turns: ShownTurn[]): Promise<void> {
    this.turns = turns
    this.#changed()
    const last = this.running
    const at = this.turns.length - 1
    if (last === null) return
    if (last.run === null)
      return this.#fail(at, new Problem('relay_unreachable', 'The question was not sent.', 'Ask again.'))
    this.#set(at, { answer: '' })
    try {
      await this.#type(at, last.run, this.#stage.now())
    } catch (error) {
      this.#fail(at, error)
    }
  }

  /** Tells the relay; the end comes on the stream, with what it took. Works before the first token too. */
  async stop(): Promise<void> {
    const running = this.running
    if (running === null) return
    this.#stopping = true
    if (running.run !== null) await this.#relay.stop(running.run)
  }

  /** Begins anew. An answer that is being written goes on at the relay, unseen. */
  clear(): void {
    this.leave()
    this.turns = []
    this.#changed()
  }

  /** Looks away: the page closes. */
  leave(): void {
    this.#leaving.abort()
    this.#leaving = new AbortController()
  }

  noted(at: number, note: SavedNote): void {
    this.#set(at, { note })
  }

  async #type(at: number, run: string, began: number): Promise<void> {
    const writer = new Typewriter()
    const signal = this.#leaving.signal
    let drawing = false
    let over = false
    const draw = () => {
      drawing = false
      if (over || signal.aborted) return
      const answer = this.#stage.typing() ? writer.advance(this.#stage.now()) : writer.finish()
      this.#set(at, { answer })
      if (writer.behind) next()
    }
    const next = () => {
      if (drawing) return
      drawing = true
      this.#stage.frame(draw)
    }
    for await (const piece of follow(this.#relay, run, signal, this.#patience)) {
      if (piece.kind === 'text') {
        const now = this.#stage.now()
        const turn = this.turns[at]
        if (turn?.state !== 'writing') this.#set(at, { state: 'writing', firstMs: turn?.firstMs ?? now - began })
        writer.add(piece.text, now)
        next()
      } else if (piece.kind === 'cut') {
        this.#set(at, { state: 'cut' })
      } else if (piece.kind === 'back') {
        this.#set(at, { state: writer.text === '' ? 'asking' : 'writing' })
      } else {
        await this.#typedOut(writer, signal)
        if (signal.aborted) return
        over = true
        const { end } = piece
        const problem = end.status === 'error' ? { code: end.code ?? 'internal', message: end.message ?? '' } : null
        this.#set(at, { answer: writer.finish(), state: end.status, end, problem })
      }
    }
  }

  /** The end is not shown before the last letter is. */
  #typedOut(writer: Typewriter, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = () =>
        writer.behind && this.#stage.typing() && !signal.aborted ? this.#stage.frame(look) : resolve()
      look()
    })
  }

  #add(turn: Turn & { provider: string; model: string; run: null }): number {
    this.turns = [...this.turns, { ...turn, state: 'asking', firstMs: null, end: null, problem: null, note: null }]
    this.#changed()
    return this.turns.length - 1
  }

  #set(at: number, change: Partial<ShownTurn>): void {
    this.turns = this.turns.map((turn, place) => (place === at ? { ...turn, ...change } : turn))
    this.#changed()
  }

  #fail(at: number, error: unknown): void {
    const problem = error instanceof Problem ? error.failure : { code: 'internal', message: String(error) }
    this.#set(at, { state: 'error', problem })
  }
}
