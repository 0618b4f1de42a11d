// Lengths and places in code points, as the wire counts them; JavaScript's own are in UTF-16 units.

/** How many characters `text` has. */
export function characters(text: string): number {
  let pairs = 0
  for (let at = 0; at < text.length - 1; at += 1) {
    if (isPair(text, at)) {
      pairs += 1
      at += 1
    }
  }
  return text.length - pairs
}

/** `limit` characters of `text` from the character `offset` on. */
export function part(text: string, offset: number, limit: number): string {
  const start = unit(text, 0, offset)
  return text.slice(start, unit(text, start, limit))
}

/** The UTF-16 unit that stands `count` characters after the unit `from`. */
function unit(text: string, from: number, count: number): number {
  let at = from
  for (let left = count; left > 0 && at < text.length; left -= 1) at += isPair(text, at) ? 2 : 1
  return Math.min(at, text.length)
}

function isPair(text: string, at: number): boolean {
  const high = text.charCodeAt(at)
  if (high < 0xd800 || high > 0xdbff) return false
  const low = text.charCodeAt(at + 1)
  return low >= 0xdc00 && low <= 0xdfff
}

const encoder = new TextEncoder()

/** How many bytes `text` has in UTF-8. */
export function bytes(text: string): number {
  return encoder.encode(text).length
}

/** SHA-256 of the UTF-8 text, hexadecimal. */
export async function digest(text: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
