// How long to wait before the next try: exponential with full jitter, never earlier than the relay asked for.

/** A relay that asks for a longer pause than this is not obeyed: it would be a way to switch the extension off. */
export const MOST_ASKED_MS = 600_000

/** Counts failures in a row. Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (full jitter). */
export class Backoff {
  failures = 0

  constructor(
    readonly firstMs = 500,
    readonly lastMs = 60_000,
    readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds until the next try; the jitter comes on top of `atLeastMs`. */
  nextMs(atLeastMs = 0): number {
    const ceiling = Math.min(this.lastMs, this.firstMs * 2 ** Math.min(this.failures, 30))
    this.failures++
    return Math.min(atLeastMs, MOST_ASKED_MS) + this.random() * ceiling
  }

  reset(): void {
    this.failures = 0
  }
}

/** `Retry-After` in milliseconds from now (RFC 9110 section 10.2.3); 0 for none and for nonsense. */
export function retryAfterMs(value: string | null, now = Date.now()): number {
  if (value === null) return 0
  if (/^[0-9]{1,9}$/.test(value)) return Math.min(Number(value) * 1_000, MOST_ASKED_MS)
  const instant = Date.parse(value)
  return Number.isNaN(instant) ? 0 : Math.min(Math.max(instant - now, 0), MOST_ASKED_MS)
}
