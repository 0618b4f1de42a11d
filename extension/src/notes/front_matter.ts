// Front matter: the YAML block at the top of a note. The person's own is never rewritten; a note that we make gets
// `title`, `tags`, `created` and `deskbell: {command: cmd_…}`, as the daemon writes them.

import { type Entry, innerText, listOf, mapping, scalar, textOf } from './yaml.ts'

const MOST_UNITS = 65_536
const BLOCK = /^---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|$(?![\s\S]))/ms
const COMMAND = /^cmd_[0-9a-f-]{36}$/

export interface Meta {
  title: string | null
  tags: string[]
  command: string | null
  created: string | null
}

/** `textAt`: where the note's text starts; `headingsAt`: where headings may. They differ for a broken block. */
export interface Block {
  textAt: number
  headingsAt: number
  meta: Meta
}

const NOTHING: Meta = { title: null, tags: [], command: null, created: null }

/** The front matter at the beginning of `text`; one of length 0 when there is none. */
export function find(text: string): Block {
  const match = matched(text)
  if (match === null) return { textAt: 0, headingsAt: 0, meta: NOTHING }
  const found = mapping(match[1] ?? '')
  const end = match[0].length
  if (found.kind === 'entries') return { textAt: end, headingsAt: end, meta: metaOf(found.entries) }
  if (found.kind === 'none') return { textAt: end, headingsAt: end, meta: NOTHING }
  // Text between two rulers is no metadata; a broken block stays readable as text.
  return { textAt: 0, headingsAt: found.kind === 'broken' ? end : 0, meta: NOTHING }
}

/** A whole new note: `body`, ended by a line end, under its front matter; a block of its own is kept and added to. */
export function newNote(title: string, body: string, tags: string[], created: string, command: string): string {
  const ended = body === '' || body.endsWith('\n') ? body : `${body}\n`
  const ours = [`deskbell:`, `  command: ${command}`]
  const match = matched(ended)
  const found = match === null ? null : mapping(match[1] ?? '')
  if (match === null || found === null || found.kind === 'text' || found.kind === 'broken') {
    const lines = ['---', `title: ${scalar(title)}`, ...tagLines(tags), `created: ${created}`, ...ours, '---', '']
    return lines.join('\n') + ended
  }
  const entries = found.kind === 'entries' ? found.entries : []
  const kept = found.kind === 'entries' ? [...found.head] : []
  const own = metaOf(entries).tags
  const missing = tags.filter((tag) => !own.includes(tag))
  for (const entry of entries) {
    if (entry.key === 'deskbell') continue
    kept.push(...(entry.key === 'tags' && missing.length > 0 ? tagLines([...own, ...missing]) : entry.lines))
  }
  const has = (key: string) => entries.some((entry) => entry.key === key)
  if (!has('title')) kept.push(`title: ${scalar(title)}`)
  if (!has('tags')) kept.push(...tagLines(tags))
  if (!has('created')) kept.push(`created: ${created}`)
  return `---\n${[...kept, ...ours].join('\n')}\n---\n${ended.slice(match[0].length)}`
}

/** A block of these keys, in this order; those without a value are left out. */
export function block(fields: [key: string, value: string | number | null][]): string {
  const lines = fields.filter(([, value]) => value !== null && value !== '')
  return `---\n${lines.map(([key, value]) => `${key}: ${typeof value === 'number' ? value : scalar(String(value))}`).join('\n')}\n---\n`
}

function matched(text: string): RegExpExecArray | null {
  return text.startsWith('---') ? BLOCK.exec(text.slice(0, MOST_UNITS)) : null
}

function tagLines(tags: string[]): string[] {
  return tags.length === 0 ? [] : ['tags:', ...tags.map((tag) => `  - ${scalar(tag)}`)]
}

function metaOf(entries: Entry[]): Meta {
  const entry = (key: string) => entries.find((each) => each.key === key)
  const title = entry('title')
  const tags = entry('tags')
  const deskbell = entry('deskbell')
  const created = entry('created')
  const name = title && textOf(title)
  const command = deskbell && innerText(deskbell, 'command')
  return {
    title: name?.trim() ? name : null,
    tags: tags ? tagsOf(tags) : [],
    command: command && COMMAND.test(command) ? command : null,
    created: created?.value.trim().replace(/^["']|["']$/g, '') || null,
  }
}

/** Tags as people write them: a list, or one text with commas or spaces; a leading # is dropped. */
function tagsOf(entry: Entry): string[] {
  const tags = listOf(entry) ?? textOf(entry)?.split(/[,\s]+/) ?? []
  return tags.map((tag) => Array.from(tag.replace(/^#+/, '')).slice(0, 100).join('')).filter(Boolean)
}
