/** What the background says, on a page: asked once, then heard as it changes. */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Overview } from '../face.ts'
import { onOverview } from '../messages.ts'
import { Problem } from '../wire.ts'
import { look } from './first_look.ts'

/** `overview` is null until the background has answered; `problem` says why it did not. */
export function useOverview(): { overview: Overview | null; problem: Problem | null } {
  const [overview, setOverview] = useState<Overview | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    let here = true
    let heard = false
    const first = look() // before listening: of two listeners the second would be refused
    const end = onOverview((changed) => {
      heard = true
      setOverview(changed)
    })
    first.then(
      (answer) => here && !heard && setOverview(answer), // what was heard meanwhile is newer
      (error) => here && setProblem(problemOf(error)),
    )
    return () => {
      here = false
      end()
    }
  }, [])
  return { overview, problem }
}

/** A deed of a button: one at a time, with what went wrong. */
export interface Deed {
  busy: boolean
  problem: Problem | null
  /** Runs it unless another one runs. Gives true when it went well. */
  run: (deed: () => Promise<unknown>) => Promise<boolean>
}

export function useDeed(): Deed {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const running = useRef(false) // at once, where a state comes with the next drawing: two clicks can be faster
  const run = useCallback(async (deed: () => Promise<unknown>) => {
    if (running.current) return false
    running.current = true
    setBusy(true)
    setProblem(null)
    try {
      await deed()
      return true
    } catch (error) {
      setProblem(problemOf(error))
      return false
    } finally {
      running.current = false
      setBusy(false)
    }
  }, [])
  return { busy, problem, run }
}

/** What the browser itself throws has no code, but a sentence. */
export function problemOf(error: unknown): Problem {
  return error instanceof Problem
    ? error
    : new Problem('internal', error instanceof Error ? error.message : String(error))
}
