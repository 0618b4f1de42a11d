// Web addresses that an action may open or remember, by the browser's own parser.

import { Problem } from '../wire.ts'

const MOST_CHARACTERS = 2_000

/** `url` as the browser will take it. Throws Problem `address_refused` for anything but a plain http or https address. */
export function webAddress(url: string): string {
  const why = fault(url)
  if (why === null) return new URL(url).href
  throw new Problem(
    'address_refused',
    `The browser does not open ${shown(url)}: ${why}.`,
    'Give an http or https address.',
  )
}

function fault(url: string): string | null {
  if (url.length > MOST_CHARACTERS) return `it has ${url.length} characters, and ${MOST_CHARACTERS} are the most`
  // The parser would drop or turn these, so that what opens is not what the person was shown.
  if (/[\p{Cc}\p{Cf}\p{Z}\\]/u.test(url)) return 'it holds a space, a backslash or an invisible character'
  if (!URL.canParse(url)) return 'it is no whole address'
  const { protocol, username, password, hostname } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') return `${protocol} is not a kind of page that it opens`
  if (!/^https?:\/\/[^/]/i.test(url)) return 'it does not begin with https:// or http:// and a host'
  if (username !== '' || password !== '' || hostname === '')
    return 'it holds a user name, and may look like another one'
  return null
}

/** The host of a web page; '' for a page of the browser itself, a file, or an address that we may not see. */
export function hostOf(url: string | undefined): string {
  if (url === undefined || !URL.canParse(url)) return ''
  const { protocol, host } = new URL(url)
  return protocol === 'http:' || protocol === 'https:' ? host : ''
}

/** `text` for a sentence: quoted, short, and without what cannot be seen. */
export function shown(text: string): string {
  const plain = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '·')
  return `'${plain.length > 80 ? `${plain.slice(0, 79)}…` : plain}'`
}
