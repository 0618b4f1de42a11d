// As much YAML as front matter needs: the keys of a block mapping with their lines, and the scalars and lists in them.
// Read leniently: what is not understood is left as it stands, never lost.

/** One key with all its lines, as written, without the last line's end. */
export interface Entry {
  key: string
  /** What follows the colon on the key's line. */
  value: string
  /** The lines below it that belong to it. */
  below: string[]
  lines: string[]
}

/** `entries`: those of a mapping. `none`: nothing but comments. `text`: no mapping. `broken`: one that is not whole. */
export type Mapping = { kind: 'entries'; entries: Entry[]; head: string[] } | { kind: 'none' | 'text' | 'broken' }

const KEY =
  /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s\-?:,[\]{}#&*!|>'"%@`][^:#]*?|[^\s\-?:,[\]{}#&*!|>'"%@`][^\s]*?)[ \t]*:(?:[ \t]+(.*))?$/

/** The mapping that `block` holds. */
export function mapping(block: string): Mapping {
  const head: string[] = []
  const entries: Entry[] = []
  let stray = false
  for (const line of block.replace(/\r/g, '').replace(/\n$/, '').split('\n')) {
    const match = KEY.exec(line)
    const last = entries.at(-1)
    if (match) entries.push({ key: unquoted(match[1] ?? ''), value: match[2] ?? '', below: [], lines: [line] })
    else if (last && (line === '' || /^[ \t]|^- |^-$|^#|^[\]}]/.test(line))) {
      last.below.push(line)
      last.lines.push(line)
    } else if (!last && (line.trim() === '' || line.startsWith('#'))) head.push(line)
    else stray = true
  }
  if (entries.length === 0) return { kind: stray ? 'text' : 'none' }
  return stray ? { kind: 'broken' } : { kind: 'entries', entries, head }
}

/** The text of an entry; null when it is no text (a number, true, a date, nothing, a list). */
export function textOf(entry: Entry): string | null {
  const value = uncommented(entry.value)
  if (/^[|>][+-]?\d?$/.test(value)) {
    const lines = entry.below.map((line) => line.trim())
    const text = lines.join(value.startsWith('|') ? '\n' : ' ').trim()
    return value.includes('-') ? text : `${text}\n`
  }
  if (/^["']/.test(value)) return unquoted(value)
  if (value === '' || /^[[{&*!]/.test(value) || isTyped(value)) return null
  return [value, ...entry.below.map((line) => line.trim())].join(' ').trim()
}

/** The members of an entry that is a list, flow or block; null when it is none. */
export function listOf(entry: Entry): string[] | null {
  const value = [uncommented(entry.value), ...entry.below.map((line) => line.trim())].join(' ').trim()
  const flow = /^\[(.*)\]$/s.exec(value)
  if (flow) {
    const members = flow[1]?.match(/"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,]+/g) ?? []
    return texts(members)
  }
  if (uncommented(entry.value) !== '') return null
  const items = entry.below.filter((line) => /^\s*-(\s|$)/.test(line))
  return items.length === 0 ? null : texts(items.map((line) => uncommented(line.replace(/^\s*-\s*/, ''))))
}

/** Those that are text or a number: true, false and null are no tags. */
function texts(members: string[]): string[] {
  const kept = members.map((member) => member.trim()).filter((member) => !/^(true|false|null|~)$/i.test(member))
  return kept.map(unquoted).filter(Boolean)
}

/** The text of `inner` in an entry that is a mapping itself. */
export function innerText(entry: Entry, inner: string): string | null {
  const flow = /^\{(.*)\}$/.exec(uncommented(entry.value))
  const lines = flow ? (flow[1]?.split(',') ?? []) : entry.below
  for (const line of lines) {
    const match = /^\s*([\w-]+)\s*:\s+(.*)$/.exec(line)
    if (match?.[1] === inner) return unquoted(uncommented(match[2] ?? ''))
  }
  return null
}

const PLAIN = /^[A-Za-z](?:[A-Za-z0-9_ ,.()+/-]*[A-Za-z0-9_.)])?$/
const WORDS = new Set('y n yes no on off true false null inf nan none'.split(' '))
const UNPRINTABLE = /[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/gu

/** `text` as a scalar on one line: plain when that is safe, else double-quoted (YAML 1.2, 7.3.1). */
export function scalar(text: string): string {
  if (PLAIN.test(text) && !WORDS.has(text.toLowerCase())) return text
  return JSON.stringify(
    text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd'),
  ).replace(UNPRINTABLE, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}

function isTyped(value: string): boolean {
  return (
    /^(~|null|true|false|yes|no|on|off)$/i.test(value) ||
    /^[-+]?[\d.][\d_.eExXoa-fA-F]*$/.test(value) ||
    /^\d{4}-\d\d?-\d\d?([T ].*)?$/.test(value)
  )
}

function uncommented(value: string): string {
  const text = value.trim()
  const quoted = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/.exec(text)
  return quoted?.[1] ?? text.replace(/(^|\s)#.*$/, '').trim()
}

function unquoted(value: string): string {
  if (value.startsWith("'") && value.endsWith("'") && value.length > 1) return value.slice(1, -1).replaceAll("''", "'")
  if (!value.startsWith('"')) return value
  const json = value
    .replace(/\\x([0-9a-fA-F]{2})/g, '\\u00$1')
    .replace(/\\U([0-9a-fA-F]{8})/g, (_, code: string) =>
      String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10ffff)),
    )
  try {
    return String(JSON.parse(json))
  } catch {
    return value // an escape of YAML's that JSON has not: the text as written
  }
}
