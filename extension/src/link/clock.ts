// The relay's clock as seen from here: a command's deadline is the relay's, and this machine's clock may be wrong.

const SAMPLES = 20
const JUMP_MS = 5_000

/** An instant of the wire for milliseconds since the epoch. */
export function toInstant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`
}

/** Milliseconds since the epoch of an instant of the wire (shape.ts: instant). */
export function fromInstant(text: string): number {
  return Date.parse(`${text.slice(0, 23)}Z`)
}

/** Wall clock plus the offset that `hello` and every `ping` tell (positive: this machine is behind). */
export class RelayClock {
  #samples: number[] = []

  constructor(public offsetMs = 0) {}

  now(): number {
    return Date.now() + this.offsetMs
  }

  /** Take the offset from an instant that the relay just sent. */
  hear(serverTime: string): void {
    const sample = fromInstant(serverTime) - Date.now()
    if (this.#samples.length > 0 && Math.abs(sample - this.offsetMs) > JUMP_MS) this.#samples = []
    this.#samples = [...this.#samples.slice(1 - SAMPLES), sample]
    // The way here makes every sample too small, so the largest of the latest is the nearest to the truth.
    this.offsetMs = Math.max(...this.#samples)
  }
}
