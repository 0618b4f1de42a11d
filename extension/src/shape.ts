// Readers of JSON that somebody else wrote: each gives the value it was asked for, or throws Misfit. Unknown fields are
// ignored, so that an old extension and a new relay can meet.

/** What was read is not what was agreed; `message` names the field. */
export class Misfit extends Error {
  override readonly name = 'Misfit'
}

/** Reads one value; `at` is where it stands, for the message. */
export type Reader<T> = (value: unknown, at: string) => T

/** The type that a reader gives. */
export type Read<R> = R extends Reader<infer T> ? T : never

const INSTANT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$/
const UUID7 = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'

/** Python's len(): code points, not UTF-16 units. */
function characters(value: string): number {
  let length = 0
  for (const _ of value) length++
  return length
}

export function text(options: { most?: number; least?: number; like?: RegExp } = {}): Reader<string> {
  const { most = Number.POSITIVE_INFINITY, least = 0, like } = options
  return (value, at) => {
    if (typeof value !== 'string') throw new Misfit(`${at} is no text`)
    const length = characters(value)
    if (length < least || length > most) throw new Misfit(`${at} has ${length} characters`)
    if (like !== undefined && !like.test(value)) throw new Misfit(`${at} does not have its form`)
    return value
  }
}

export function integer(least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (value, at) => {
    if (!Number.isSafeInteger(value)) throw new Misfit(`${at} is no whole number`)
    if ((value as number) < least || (value as number) > most) throw new Misfit(`${at} is out of its range`)
    return value as number
  }
}

export const yesNo: Reader<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw new Misfit(`${at} is neither true nor false`)
  return value
}

export function oneOf<const T extends readonly string[]>(...words: T): Reader<T[number]> {
  return (value, at) => {
    if (typeof value !== 'string' || !words.includes(value)) throw new Misfit(`${at} is none of ${words.join(', ')}`)
    return value
  }
}

/** An id of the wire: a UUIDv7 behind one of the prefixes. */
export function id(...prefixes: readonly string[]): Reader<string> {
  return text({ most: 60, like: new RegExp(`^(${prefixes.join('|')})_${UUID7}$`) })
}

/** An RFC 3339 instant in UTC with microseconds. */
export const instant: Reader<string> = (value, at) => {
  const read = text({ most: 27, like: INSTANT })(value, at)
  if (Number.isNaN(Date.parse(`${read.slice(0, 23)}Z`))) throw new Misfit(`${at} is no instant`)
  return read
}

export const anyObject: Reader<Record<string, unknown>> = (value, at) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Misfit(`${at} is no object`)
  return value as Record<string, unknown>
}

export function listOf<T>(each: Reader<T>, most = Number.POSITIVE_INFINITY): Reader<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw new Misfit(`${at} is no list`)
    if (value.length > most) throw new Misfit(`${at} has ${value.length} members`)
    return value.map((member, place) => each(member, `${at}[${place}]`))
  }
}

/** null and absence are one: the relay writes null for what is not there. */
export function orNull<T>(reader: Reader<T>): Reader<T | null> {
  return (value, at) => (value === undefined || value === null ? null : reader(value, at))
}

/** What is absent is `otherwise`. */
export function orElse<T>(reader: Reader<T>, otherwise: T): Reader<T> {
  return (value, at) => (value === undefined ? otherwise : reader(value, at))
}

/** An object with these fields; the others are left out. */
export function record<F extends Record<string, Reader<unknown>>>(fields: F): Reader<{ [K in keyof F]: Read<F[K]> }> {
  const readers = Object.entries(fields)
  return (value, at) => {
    const found = anyObject(value, at)
    const read: Record<string, unknown> = {}
    for (const [name, reader] of readers)
      read[name] = reader(Object.hasOwn(found, name) ? found[name] : undefined, name)
    return read as { [K in keyof F]: Read<F[K]> }
  }
}

/** Read a JSON text. Throws Misfit for what is no JSON, too. */
export function readJson<T>(reader: Reader<T>, json: string): T {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new Misfit('it is no JSON')
  }
  return reader(value, 'it')
}
