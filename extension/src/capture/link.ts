// Addresses in a page: made whole, and kept only where following one does nothing but open a page or write a letter.

const SAFE = new Set(['http:', 'https:', 'mailto:'])

export const MOST_ADDRESS_CHARACTERS = 2_000

/** The address that `href` means on the page at `base`; null for a script, data, another scheme, or one with a login. */
export function address(href: string | null, base: string): string | null {
  if (href === null) return null
  let url: URL
  try {
    url = new URL(href, base)
  } catch {
    return null // no address at all
  }
  if (!SAFE.has(url.protocol) || url.username !== '' || url.password !== '') return null
  return url.href.length <= MOST_ADDRESS_CHARACTERS ? url.href : null
}

const ENCODED: Record<string, string> = {
  '(': '%28', ')': '%29', '<': '%3C', '>': '%3E', '"': '%22', '`': '%60', '|': '%7C', '\\': '%5C', ' ': '%20',
  '*': '%2A', '{': '%7B', '}': '%7D', '\n': '%0A', '\r': '%0D', '\t': '%09',
} // biome-ignore format: a table

/** `href` as a Markdown link's destination: nothing in it can end the link, a table's cell or a line. */
export function destination(href: string): string {
  return href.replace(/[()<>"`|\\ *{}\n\r\t]/g, (character) => ENCODED[character] ?? '')
}

/** The host, for people: without `www.`, never in punycode disguise. */
export function site(href: string): string {
  try {
    return new URL(href).host.replace(/^www\./, '')
  } catch {
    return ''
  }
}
