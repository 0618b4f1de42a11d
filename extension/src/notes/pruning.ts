// Pruning: the journal and the kept versions do not grow for ever. The notes themselves and the trash are never pruned.

import { type Database, write } from './database.ts'

const VERSIONS_PER_NOTE = 50
const DAYS = 90
const DAY = 86_400_000_000

/** Forgets changes older than 90 days, all but the last 50 versions of each note, texts that no change names, and where notes went. */
export function prune(db: Database, now: number, perNote = VERSIONS_PER_NOTE, days = DAYS): Promise<void> {
  return write(db, async (tx) => {
    const store = tx.objectStore('changes')
    const kept = new Map<string, number>()
    const named = new Set<string>()
    for (let cursor = await store.openCursor(null, 'prev'); cursor !== null; cursor = await cursor.continue()) {
      const change = cursor.value
      if (change.at < now - days * DAY) {
        await cursor.delete()
        continue
      }
      if (change.before === '') continue
      const count = (kept.get(change.note) ?? 0) + 1
      kept.set(change.note, count)
      if (count <= perNote) named.add(change.before)
      else await cursor.update({ ...change, before: '' })
    }
    const handed = tx.objectStore('handed')
    for (const { note, at } of await handed.getAll()) {
      if (at < now - days * DAY) await handed.delete(note)
    }
    const versions = tx.objectStore('versions')
    for (const digest of await versions.getAllKeys()) {
      if (!named.has(digest)) await versions.delete(digest)
    }
  })
}
