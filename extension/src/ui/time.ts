/** Instants and durations as a person reads them, in the browser's language. */

import { useEffect, useState } from 'preact/hooks'
import type { Hop } from '../wire.ts'
import { language } from './text.ts'

/** An instant of the wire in local time: `14:05`, with the day when it is another. */
export function localTime(instant: string, now = Date.now()): string {
  const at = new Date(instant)
  if (Number.isNaN(at.getTime())) return '–'
  const today = at.toDateString() === new Date(now).toDateString()
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' }
  return at.toLocaleString(language(), today ? time : { ...time, day: 'numeric', month: 'short', year: 'numeric' })
}

/** A duration in its largest unit or two: `2 min 5 s`, `340 ms`. */
export function duration(ms: number): string {
  const size = Math.abs(ms)
  const sign = ms < 0 ? '−' : ''
  if (size < 1_000) return sign + unit(Math.round(size), 'millisecond')
  if (size < 10_000) return sign + unit(Math.round(size / 100) / 10, 'second')
  if (size < 60_000) return sign + unit(Math.round(size / 1_000), 'second')
  const minutes = Math.floor(size / 60_000)
  if (minutes < 10) return `${sign}${unit(minutes, 'minute')} ${unit(Math.floor((size % 60_000) / 1_000), 'second')}`
  if (minutes < 60) return sign + unit(minutes, 'minute')
  if (minutes < 48 * 60) return `${sign}${unit(Math.floor(minutes / 60), 'hour')}`
  return sign + unit(Math.floor(minutes / 1_440), 'day')
}

function unit(value: number, of: string): string {
  const spacing = of === 'millisecond' || of === 'second' ? 'narrow' : 'short'
  const shown = new Intl.NumberFormat(language(), { style: 'unit', unit: of, unitDisplay: spacing }).format(value)
  return shown.replace(/(\d)(ms|s)$/, '$1\u00a0$2') // English narrow has no space there; everyone else does
}

/** Milliseconds until the instant; below zero when it is over. */
export function left(instant: string, now: number): number {
  return new Date(instant).getTime() - now
}

const ORDER: readonly Hop[] = ['received', 'appended', 'sent', 'acted', 'returned']

/** Each hop that was made, with its milliseconds since the first one. Clocks differ: one can lie before it. */
export function hops(made: Partial<Record<Hop, string>>): { hop: Hop; after: number }[] {
  const seen = ORDER.flatMap((hop) => {
    const at = made[hop] === undefined ? Number.NaN : new Date(made[hop]).getTime() + micros(made[hop])
    return Number.isNaN(at) ? [] : [{ hop, at }]
  })
  const first = seen[0]?.at ?? 0
  return seen.map(({ hop, at }) => ({ hop, after: at - first }))
}

/** What `Date` drops of an instant with microseconds, in milliseconds. */
function micros(instant: string): number {
  const fraction = /\.\d{3}(\d{1,3})/.exec(instant)?.[1]
  return fraction === undefined ? 0 : Number(fraction.padEnd(3, '0')) / 1_000
}

/** The time, anew every `everyMs` while the page is seen. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), everyMs)
    const seen = () => document.hidden || setNow(Date.now())
    document.addEventListener('visibilitychange', seen)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', seen)
    }
  }, [everyMs])
  return now
}
