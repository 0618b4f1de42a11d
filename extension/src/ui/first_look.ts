/** What the background says, asked for while a page is still being put together. */

import type { Overview } from '../face.ts'
import { ask, onOverview } from '../messages.ts'

let ahead: { first: Promise<Overview>; end: () => void } | null = null

/** Ask now; `look` gives the answer, or what the background has told since. */
export function lookAhead(): void {
  let told: Overview | null = null
  const end = onOverview((changed) => {
    told = changed
  })
  const first = ask('status').then((answer) => told ?? answer)
  first.catch(() => undefined) // whoever looks is told
  ahead = { first, end }
}

/** What was asked ahead, once, and else asked now. From here on the page listens itself. Throws Problem. */
export function look(): Promise<Overview> {
  const asked = ahead?.first ?? ask('status')
  ahead?.end()
  ahead = null
  return asked
}
