// Names: a title becomes a file name that Windows, macOS and Linux all take; a path that leaves the folder is refused.
// The same rules as the daemon's, so that a note handed over keeps its name.

import { Problem } from '../wire.ts'
import { bytes } from './points.ts'

export const SUFFIX = '.md'
const NOTE = /\.(md|markdown)$/i
const MAX_NAME_BYTES = 255
const MAX_DEPTH = 32

/** Device names that Windows takes for itself in every folder, whatever the extension (Microsoft, 'Naming Files'). */
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])$/i

/** Characters of visible categories that draw nothing. */
const INVISIBLE = /\u034f|\u115f|\u1160|\u17b4|\u17b5|\u2800|\u3164|\uffa0/g
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g
const TRAVERSAL = /^[/\\]|^[A-Za-z]:[/\\]|(?:^|[/\\])\.\.(?:[/\\]|$)/
const SPACES = /\p{White_Space}+/gu

/** What two names share when a file system could take them for one. */
export function key(path: string): string {
  return path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')
}

function visible(text: string): string {
  return text
    .replace(SPACES, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')
    .replace(INVISIBLE, '')
    .normalize('NFC')
    .replace(/ +/g, ' ')
    .trim()
}

/** A title for people: on one line, without control and bidi characters; joined emoji stay joined. */
export function display(title: string): string {
  return title
    .replace(SPACES, ' ')
    .replace(/[\p{Cc}\p{Cs}]/gu, '')
    .replace(BIDI, '')
    .replace(/ +/g, ' ')
    .trim()
}

/** The file name for a note of this title, with `.md`. Throws Problem `unsafe_name`. */
export function fileName(title: string): string {
  const text = visible(title)
  if (TRAVERSAL.test(text)) {
    throw new Problem('unsafe_name', `The title ${short(title)} is a path, not a title: use plain words.`)
  }
  const stem = safeStem(text, MAX_NAME_BYTES - SUFFIX.length)
  if (stem === '') {
    throw new Problem('unsafe_name', `Nothing is left of the title ${short(title)} as a file name: use plain words.`)
  }
  return stem + SUFFIX
}

/** A safe name for a folder that is to be made. Throws Problem `unsafe_name` when nothing is left of it. */
export function folderName(segment: string): string {
  const name = safeStem(visible(segment), MAX_NAME_BYTES)
  if (name === '') throw new Problem('unsafe_name', `${short(segment)} cannot be a folder's name: use plain words.`)
  return name
}

/** A caller's path to a note, checked; `.md` is added when it names no note. Throws Problem `outside_folder`, `unsafe_name`. */
export function notePath(path: string): string {
  const parts = segments(path)
  if (parts.length === 0) throw new Problem('unsafe_name', "The path is empty: name a note, such as 'Ideas/Boat.md'.")
  const checked = parts.join('/')
  return NOTE.test(checked) ? checked : checked + SUFFIX
}

/** A caller's path to a folder, checked; empty is the top folder. Throws Problem `outside_folder`, `unsafe_name`. */
export function folderPath(path: string): string {
  return segments(path).join('/')
}

export function isNote(name: string): boolean {
  return NOTE.test(name) && addressable(name)
}

export function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

/** The folder and the name of a path. */
export function split(path: string): [folder: string, name: string] {
  const at = path.lastIndexOf('/')
  return at < 0 ? ['', path] : [path.slice(0, at), path.slice(at + 1)]
}

/** The name of the note at `path`, without its suffix. */
export function stem(path: string): string {
  const [, name] = split(path)
  const at = name.lastIndexOf('.')
  return at < 0 ? name : name.slice(0, at)
}

/** Another name beside `path`: `Boat.md` becomes `Boat 2.md`. A long name is cut so that it still fits. */
export function numbered(path: string, number: number): string {
  const [folder, name] = split(path)
  const tail = ` ${number}${name.slice(stem(path).length)}`
  return join(folder, cut(stem(path), MAX_NAME_BYTES - bytes(tail)) + tail)
}

/** The longest beginning of `text` of at most `size` UTF-8 bytes that splits no character as a person sees it. */
export function cut(text: string, size: number): string {
  if (bytes(text) <= size) return text
  let kept = ''
  let used = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += bytes(segment)
    if (used > size) break
    kept += segment
  }
  return kept
}

/** `text` quoted for a sentence, at most 60 characters of it. */
export function short(text: string): string {
  const points = Array.from(text.slice(0, 200))
  const shown = points
    .slice(0, 60)
    .map((each) => (/^[\p{C}\p{Zl}\p{Zp}]|^(?! )\p{Zs}/u.test(each) ? '·' : each))
    .join('')
  return points.length > 60 ? `'${shown}…'` : `'${shown}'`
}

/** Hidden files and folders (`.obsidian`, `.deskbell`) are out of a caller's sight. */
function addressable(name: string): boolean {
  return !name.startsWith('.') && !/[:\\\p{Cc}]/u.test(name)
}

/** Repeated until nothing changes, because cutting can lay bare another dot or another suffix. */
function safeStem(text: string, size: number): string {
  let before = text
  for (;;) {
    let stem = before
      .replace(/[/\\]/g, '-')
      .replace(/:(?=\S)/g, '-')
      .replace(/:/g, '')
    stem = stem
      .replace(/[<>"|?*]/g, '')
      .replace(SPACES, ' ')
      .trim()
    while (stem.toLowerCase().endsWith(SUFFIX)) stem = stem.slice(0, -SUFFIX.length)
    stem = stem.replace(/^[. ]+/, '')
    if (RESERVED.test((stem.split('.')[0] ?? '').trimEnd())) stem = `_${stem}`
    stem = cut(stem, size)
      .normalize('NFC')
      .replace(/[. ]+$/, '')
    if (stem === before) return stem
    before = stem
  }
}

function segments(path: string): string[] {
  if (path.includes('\0')) {
    throw new Problem('unsafe_name', "The path holds a NUL character: name a note, such as 'Ideas/Boat.md'.")
  }
  if (/^(\/|~\/|[A-Za-z]:)/.test(path) || path.includes('\\')) {
    throw new Problem('outside_folder', `${short(path)} is not a path inside the notes: use 'Folder/Note.md'.`)
  }
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) {
    throw new Problem('outside_folder', `${short(path)} climbs out of the notes: use 'Folder/Note.md'.`)
  }
  if (parts.length > MAX_DEPTH) {
    throw new Problem('unsafe_name', `The path has ${parts.length} parts and may have ${MAX_DEPTH}: use a shorter one.`)
  }
  for (const part of parts) {
    if (!addressable(part)) {
      throw new Problem(
        'unsafe_name',
        `${short(part)} is hidden or holds a colon or a control character: choose another.`,
      )
    }
    if (bytes(part) > MAX_NAME_BYTES) {
      throw new Problem('unsafe_name', `${short(part)} is longer than ${MAX_NAME_BYTES} bytes: use a shorter name.`)
    }
    if (part !== part.trim() || part.endsWith('.')) {
      throw new Problem('unsafe_name', `${short(part)} begins or ends with a space or a dot, which Windows drops.`)
    }
  }
  return parts
}
