// What a capture may cost. A page beyond it is refused whole: half of one, unmarked, would be a lie.

export interface Limits {
  /** Nodes of the page that are looked at. */
  nodes: number
  /** UTF-16 units of text that are copied. */
  characters: number
  /** Milliseconds in which the page is copied. */
  walk: number
  /** UTF-8 bytes of Markdown. */
  bytes: number
}

export const LIMITS: Limits = { nodes: 300_000, characters: 4_000_000, walk: 5_000, bytes: 1_000_000 }

/** Deeper elements are laid into the one at this depth: what reads them later is recursive. */
export const DEPTH = 200
