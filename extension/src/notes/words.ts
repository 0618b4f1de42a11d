// Words: how a text is cut into them, and what a search query asks for. Case and diacritics do not count.

const WORD = /[\p{L}\p{N}\p{M}\p{Co}]+/gu
const MOST_UNITS = 64
const MOST_TERMS = 32

/** A word as it stands in the text: folded, and where it is (UTF-16 units). */
export interface Word {
  term: string
  start: number
  end: number
}

/** Without case and diacritics: `Übergröße` becomes `ubergroße`. */
export function folded(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .normalize('NFC')
}

export function* words(text: string): Generator<Word> {
  for (const match of text.matchAll(WORD)) {
    const term = folded(match[0]).slice(0, MOST_UNITS)
    if (term !== '') yield { term, start: match.index, end: match.index + match[0].length }
  }
}

/** How often each word occurs. */
export function counts(text: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const { term } of words(text)) found.set(term, (found.get(term) ?? 0) + 1)
  return found
}

/** Words that must follow one another; with `open`, the last one need only begin so. */
export interface Term {
  words: string[]
  open: boolean
}

export interface Query {
  wanted: Term[]
  excluded: Term[]
}

/** Words that must all occur, "exact phrases", -exclusions. Cannot fail; a term without a letter or digit is dropped. */
export function query(text: string): Query {
  const found: Query = { wanted: [], excluded: [] }
  for (const match of [...text.matchAll(/(-?)"([^"]*)"?|(\S+)/g)].slice(0, MOST_TERMS)) {
    const [, minus, phrase, word] = match
    const negative = word === undefined ? minus === '-' : word.length > 1 && word.startsWith('-')
    const bare = word === undefined ? (phrase ?? '') : negative ? word.slice(1) : word
    const terms = Array.from(words(bare), (each) => each.term)
    if (terms.length === 0) continue
    if (negative) found.excluded.push({ words: terms, open: false })
    else found.wanted.push({ words: terms, open: word !== undefined })
  }
  return found
}

/** Where `term` stands in a text's words: the index of its first word each time. */
export function places(text: string[], term: Term): number[] {
  const found: number[] = []
  const last = term.words.length - 1
  for (let at = 0; at + last < text.length; at += 1) {
    const fits = term.words.every((word, n) =>
      n === last && term.open ? text[at + n]?.startsWith(word) : text[at + n] === word,
    )
    if (fits) found.push(at)
  }
  return found
}
