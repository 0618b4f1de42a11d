// Which relay addresses are safe to send a token to.

import { Problem } from '../wire.ts'

/**
 * The relay's address without a slash at its end: https anywhere, http at 127.0.0.1 alone.
 * Throws Problem insecure_relay.
 */
export function checkRelay(text: string): string {
  const shown = JSON.stringify(text.slice(0, 200))
  let url: URL
  try {
    url = new URL(text.trim())
  } catch {
    throw new Problem('insecure_relay', `${shown} is no address of a relay.`, 'Write it as https://relay.example.com.')
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new Problem('insecure_relay', `The address of ${url.host} must carry no user, query or fragment.`)
  }
  // Only what the extension's own policy lets through: see connect-src in wxt.config.ts.
  const here = url.protocol === 'http:' && url.hostname === '127.0.0.1'
  if (url.protocol !== 'https:' && !here) {
    throw new Problem('insecure_relay', `${shown} would send your token in the open.`, 'Use an https:// address.')
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}
