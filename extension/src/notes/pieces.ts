// A text in pieces that a relay takes, cut so that appending them in order gives the same text again.

/** Below the 90,000 characters of one body: our count is in UTF-16 units, of which there are never fewer. */
export const PIECE = 80_000

/**
 * Cuts at empty lines: a piece ends with the line end before one, and the next begins with it, so that the daemon's
 * append adds none. Where there is no empty line within a piece, one is added: at a line's end if there is one.
 */
export function pieces(text: string, most = PIECE): string[] {
  const cut: string[] = []
  let rest = text
  while (rest.length > most) {
    const at = place(rest, most)
    cut.push(rest.slice(0, at))
    rest = rest.slice(at)
  }
  return [...cut, rest]
}

function place(text: string, most: number): number {
  const empty = text.lastIndexOf('\n\n', most - 1)
  if (empty > most / 4) return empty + 1
  const line = text.lastIndexOf('\n', most - 1)
  if (line > most / 4) return line + 1
  const high = text.charCodeAt(most - 1)
  return high >= 0xd800 && high <= 0xdbff ? most - 1 : most
}
