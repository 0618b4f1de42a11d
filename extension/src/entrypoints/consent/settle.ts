/** Nobody answers what they have not seen: what has just appeared under a hand takes no click and no key. */

import { useEffect, useState } from 'preact/hooks'

/** As long as on the daemon's page: longer than the click or keystroke that was under way. */
export const SETTLE_MS = 700

/** False until `what` has been on a page that is seen and has the focus for 700 ms. Anew for each other `what`. */
export function useSettled(what: string): boolean {
  const [settled, setSettled] = useState('')
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const begin = () => {
      clearTimeout(timer)
      setSettled('')
      if (!document.hidden) timer = setTimeout(() => setSettled(what), SETTLE_MS)
    }
    begin()
    window.addEventListener('focus', begin)
    document.addEventListener('visibilitychange', begin)
    return () => {
      clearTimeout(timer)
      window.removeEventListener('focus', begin)
      document.removeEventListener('visibilitychange', begin)
    }
  }, [what])
  return settled === what
}
