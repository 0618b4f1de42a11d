// Import: Markdown files and zips of them. Nothing lands outside the notes, nothing is written over, and a zip that grows
// without end is stopped.

import { Unzip, type UnzipFile, UnzipInflate } from 'fflate'
import { Problem } from '../wire.ts'
import { newCommandId } from './clock.ts'
import * as names from './names.ts'
import { digest } from './points.ts'
import { MAX_NOTE_BYTES, type NotesRoom } from './room.ts'

export interface ImportFile {
  name: string
  bytes: Uint8Array
}

export interface Imported {
  /** The paths of the notes that were made. */
  made: string[]
  /** Files whose note was there already, with the same text. */
  same: number
  skipped: { name: string; why: Reason }[]
}

export type Reason =
  | 'not_a_note'
  | 'not_text'
  | 'outside'
  | 'hidden'
  | 'bad_name'
  | 'too_large'
  | 'too_many'
  | 'broken_zip'

export interface ImportLimits {
  /** Bytes of all files together, unpacked. */
  bytes: number
  files: number
}

export const IMPORT_LIMITS: ImportLimits = { bytes: 200_000_000, files: 10_000 }

const STEP = 65_536

/** Takes the files in; each note is one change, which can be undone. Throws Problem `disk_full`. */
export async function importFiles(room: NotesRoom, files: ImportFile[], limits = IMPORT_LIMITS): Promise<Imported> {
  const report: Imported = { made: [], same: 0, skipped: [] }
  const budget = { ...limits }
  const folders = new Map<string, string>()
  for (const file of files) {
    const inner = /\.zip$/i.test(file.name) ? unpacked(file, budget, report) : counted(file, budget, report)
    for (const each of inner) await take(room, each, folders, report)
  }
  return report
}

async function take(room: NotesRoom, file: ImportFile, folders: Map<string, string>, report: Imported): Promise<void> {
  const skip = (why: Reason) => report.skipped.push({ name: file.name.slice(0, 300), why })
  const path = pathOf(file.name)
  if (typeof path !== 'string') {
    skip(path.why)
    return
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(file.bytes)
  } catch {
    skip('not_text')
    return
  }
  const db = await room.database()
  const [folder, name] = names.split(path)
  const written = folders.get(folder) ?? (await room.folder(db, folder))
  folders.set(folder, written)
  const home = names.join(written, name)
  const content = await digest(text)
  for (let number = 1; number < 1_000; number += 1) {
    const place = number === 1 ? home : names.numbered(home, number)
    if ((await db.get('notes', names.key(place)))?.digest === content) {
      report.same += 1
      return
    }
    try {
      report.made.push((await room.place(db, place, text, 'create', newCommandId())).path)
      return
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'name_taken') throw error
    }
  }
  skip('too_many')
}

/** The path that a file gets, each part under a safe name; or why it gets none. */
function pathOf(name: string): string | { why: Reason } {
  const parts = name
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
  if (/^([/\\]|[A-Za-z]:)/.test(name) || parts.includes('..')) return { why: 'outside' }
  const file = parts.pop() ?? ''
  if ([...parts, file].some((part) => part.startsWith('.') || part === '__MACOSX')) return { why: 'hidden' }
  if (!/\.(md|markdown)$/i.test(file)) return { why: 'not_a_note' }
  try {
    const safe = [...parts.map(names.folderName), names.fileName(file.replace(/\.(md|markdown)$/i, ''))]
    return names.notePath(safe.join('/'))
  } catch (error) {
    if (error instanceof Problem) return { why: 'bad_name' }
    throw error
  }
}

function counted(file: ImportFile, budget: ImportLimits, report: Imported): ImportFile[] {
  budget.files -= 1
  budget.bytes -= file.bytes.length
  const why =
    budget.files < 0 ? 'too_many' : file.bytes.length > MAX_NOTE_BYTES || budget.bytes < 0 ? 'too_large' : null
  if (why === null) return [file]
  report.skipped.push({ name: file.name, why })
  return []
}

/** The files of a zip, unpacked bit by bit, so that what it says of its own size is never believed. */
function unpacked(zip: ImportFile, budget: ImportLimits, report: Imported): ImportFile[] {
  const found: ImportFile[] = []
  let full: Reason | null = null
  let seen = 0
  const unzip = new Unzip((entry) => {
    seen += 1
    if (full !== null || entry.name.endsWith('/')) return
    budget.files -= 1
    if (budget.files < 0) full = 'too_many'
    else if (!/\.(md|markdown)$/i.test(entry.name))
      report.skipped.push({ name: entry.name.slice(0, 300), why: 'not_a_note' })
    else collect(entry)
  })
  unzip.register(UnzipInflate)

  function collect(entry: UnzipFile): void {
    const chunks: Uint8Array[] = []
    let size = 0
    entry.ondata = (error, chunk, final) => {
      if (error) throw error
      size += chunk.length
      budget.bytes -= chunk.length
      chunks.push(chunk)
      if (budget.bytes < 0) full = 'too_large'
      else if (size > MAX_NOTE_BYTES) {
        report.skipped.push({ name: entry.name.slice(0, 300), why: 'too_large' })
        entry.terminate()
      } else if (final) found.push({ name: entry.name, bytes: joined(chunks, size) })
    }
    entry.start()
  }

  try {
    for (let at = 0; at < zip.bytes.length && full === null; at += STEP) {
      unzip.push(zip.bytes.subarray(at, at + STEP), at + STEP >= zip.bytes.length)
    }
  } catch {
    // Not a zip, encrypted, cut short, or packed in a way that we do not read: what came out whole is kept.
    full = 'broken_zip'
  }
  if (seen === 0) full = 'broken_zip'
  if (full !== null) report.skipped.push({ name: zip.name.slice(0, 300), why: full })
  return found
}

function joined(chunks: Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
