/** Shows an answer as if typed: evenly, whatever the pieces in which it arrives, and never far behind them. */

/** The pace while nothing waits. */
export const CHARACTER_MS = 20

/** No character is held back longer than this after it came. */
export const MOST_BEHIND_MS = 300

/** Kept free of that for the frame in which it is drawn. */
const FRAME_MS = 34

/** When the text had grown to so many characters. */
interface Mark {
  length: number
  at: number
}

/**
 * Time goes in by argument, so that it can be tested without waiting.
 * `shown` never ends in half a character, and follows `text` exactly.
 */
export class Typewriter {
  #text = ''
  #shown = 0
  /** What of `#shown` is not a whole character yet. */
  #part = 0
  #at = 0
  #marks: Mark[] = []

  get text(): string {
    return this.#text
  }

  get shown(): string {
    return this.#text.slice(0, this.#whole(this.#shown))
  }

  get behind(): boolean {
    return this.#shown < this.#text.length
  }

  /** A piece came at `now` (milliseconds of any clock that only grows). */
  add(piece: string, now: number): void {
    if (piece === '') return
    if (!this.behind) this.#at = now // it does not catch up for the time in which nothing waited
    this.#text += piece
    this.#marks.push({ length: this.#text.length, at: now })
  }

  /** The text up to `now`: each character takes 20 ms, or less when otherwise one would wait too long. */
  advance(now: number): string {
    const elapsed = Math.max(0, now - this.#at)
    this.#at = now
    const waiting = this.#text.length - this.#shown
    if (waiting <= 0) return this.shown
    // Half of the allowed delay empties what waits: steady for a fast model, without a jump at the end.
    const pace = Math.max(1 / CHARACTER_MS, waiting / (MOST_BEHIND_MS / 2))
    this.#part += elapsed * pace
    const steps = Math.floor(this.#part)
    this.#part -= steps
    this.#shown = Math.min(this.#text.length, Math.max(this.#shown + steps, this.#due(now)))
    if (!this.behind) this.#part = 0
    return this.shown
  }

  /** All at once: at the end, on Stop, in a hidden tab, or for someone who prefers no motion. */
  finish(): string {
    this.#shown = this.#text.length
    this.#part = 0
    this.#marks = []
    return this.#text
  }

  /** What must be there at `now`, whatever the pace. */
  #due(now: number): number {
    let due = 0
    while (this.#marks[0] && this.#marks[0].at <= now - MOST_BEHIND_MS + FRAME_MS) {
      due = this.#marks.shift()?.length ?? due
    }
    return due
  }

  /** Not between the halves of a pair, and not before what belongs to the character in front. */
  #whole(length: number): number {
    let end = length
    while (end < this.#text.length && /^(?:[\udc00-\udfff]|\u200d|\ufe0f|\p{M})/u.test(this.#text.charAt(end))) end++
    return end
  }
}
