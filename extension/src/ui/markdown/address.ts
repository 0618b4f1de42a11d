/** Addresses in text from elsewhere: which of them may become a link, and what a person sees of them. */

const SCHEMES = new Set(['http:', 'https:', 'mailto:'])

/** A link that may be followed. `host`: where it leads, in ASCII, so that no letter looks like another one. */
export interface Address {
  href: string
  host: string
}

/** The address, or null when it is no absolute http, https or mailto address, or carries a password. */
export function address(given: string): Address | null {
  let url: URL
  try {
    url = new URL(given.trim())
  } catch {
    return null // relative: there is no page that it could be relative to
  }
  if (!SCHEMES.has(url.protocol) || url.username !== '' || url.password !== '') return null
  return { href: url.href, host: url.protocol === 'mailto:' ? (url.pathname.split('@').pop() ?? '') : url.host }
}

/** Whether a link's own text already says where it leads. */
export function says(text: string, where: Address): boolean {
  const shown = address(text) ?? address(`https://${text}`)
  return shown !== null && shown.host === where.host && !/\s/.test(text.trim())
}
