// The inverted index: which word stands in which note. Kept in the same transaction as the note, so it is never behind.

import type { Posting, Write } from './database.ts'
import { counts } from './words.ts'

/** What of a note is searched. */
export interface Searched {
  title: string
  text: string
}

/** Brings the postings of the note `key` from what it was to what it is; only words that changed are touched. */
export async function reindex(tx: Write, key: string, before: Searched | null, after: Searched | null): Promise<void> {
  const old = postings(key, before)
  const fresh = postings(key, after)
  const store = tx.objectStore('postings')
  const work: Promise<unknown>[] = []
  for (const term of old.keys()) {
    if (!fresh.has(term)) work.push(store.delete([term, key]))
  }
  for (const [term, posting] of fresh) {
    const was = old.get(term)
    if (was?.t !== posting.t || was.b !== posting.b) work.push(store.put(posting))
  }
  await Promise.all(work)
}

function postings(key: string, searched: Searched | null): Map<string, Posting> {
  const found = new Map<string, Posting>()
  if (searched === null) return found
  for (const [term, b] of counts(searched.text)) found.set(term, { term, key, t: 0, b })
  for (const [term, t] of counts(searched.title)) found.set(term, { term, key, t, b: found.get(term)?.b ?? 0 })
  return found
}
