/** What a person reads of a request's arguments: exact, nothing hidden in them, bounded. As the daemon's pages do. */

import { neutral } from './neutral.ts'

/** Above one of them a text is folded. */
export const LONG_CHARACTERS = 400
export const LONG_LINES = 10

/** Of one value, and of all values of a request. What does not fit cannot be allowed, since nobody could read it. */
export const MOST_CHARACTERS = 120_000
export const REQUEST_CHARACTERS = 400_000

/** A value, harmless to show. `leftOut`: characters that are not shown. */
export interface Value {
  name: string
  text: string
  /** The beginning of its first line, for a folded one. */
  head: string
  characters: number
  lines: number
  leftOut: number
  long: boolean
}

/** Strings as they are, everything else as JSON. */
export function shownValue(name: string, value: unknown): Value {
  const raw = typeof value === 'string' ? value : json(value)
  const kept = raw.slice(0, MOST_CHARACTERS)
  const text = neutral(kept, { lines: true })
  const lines = raw.split('\n').length
  return {
    name: neutral(name),
    text,
    head: text.slice(0, 80).split('\n')[0] ?? '',
    characters: raw.length,
    lines,
    leftOut: raw.length - kept.length,
    long: raw.length > LONG_CHARACTERS || lines > LONG_LINES,
  }
}

/** On one line while it is short. */
function json(value: unknown): string {
  const line = JSON.stringify(value) ?? 'null'
  return line.length <= 60 ? line : JSON.stringify(value, null, 2)
}

/** All arguments in their order, and whether everything that was asked is there. */
export function valuesOf(given: Record<string, unknown>): { values: Value[]; whole: boolean } {
  if (JSON.stringify(given).length > REQUEST_CHARACTERS) return { values: [], whole: false }
  const values = Object.entries(given).map(([name, value]) => shownValue(name, value))
  return { values, whole: values.every((value) => value.leftOut === 0) }
}
