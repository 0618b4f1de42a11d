/** The list beside the notes: all of them, or what a search found; anew when the background did something. */

import { useCallback, useEffect, useState } from 'preact/hooks'
import type { NotesRoom } from '../../notes/room.ts'
import { problemOf } from '../../ui/overview.ts'
import type { Problem } from '../../wire.ts'

/** One line of the list. `snippet`: only of a search; matching words stand between ** marks. */
export interface Line {
  path: string
  title: string
  updated_at: string
  snippet?: string
}

export interface Listing {
  lines: Line[] | null
  total: number
  problem: Problem | null
  /** Read it anew. */
  refresh: () => void
  more: (() => void) | null
}

const PAGE = 100
const MOST_HITS = 50

/** `changed`: whatever changes when notes may have changed elsewhere. */
export function useListing(room: NotesRoom, query: string, changed: unknown): Listing {
  const [lines, setLines] = useState<Line[] | null>(null)
  const [total, setTotal] = useState(0)
  const [next, setNext] = useState<string | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [times, setTimes] = useState(0)
  const asked = query.trim()

  // `times` and `changed` say that it is to be read again
  useEffect(() => {
    let here = true // a slow answer to an old query does not replace a newer one
    const take = (found: Line[], count: number, page: string | null) => {
      if (!here) return
      setLines(found)
      setTotal(count)
      setNext(page)
      setProblem(null)
    }
    const read = asked
      ? room
          .search({ query: asked.slice(0, 500), folder: '', tag: null, limit: MOST_HITS })
          .then(({ hits, total }) => take(hits, total, null))
      : room
          .list({ folder: '', tag: null, limit: PAGE, page: null })
          .then(({ notes, total, next_page }) => take(notes, total, next_page))
    read.catch((error) => here && setProblem(problemOf(error)))
    return () => {
      here = false
    }
  }, [room, asked, changed, times])

  const more = useCallback(() => {
    room.list({ folder: '', tag: null, limit: PAGE, page: next }).then(
      ({ notes, next_page }) => {
        setLines((before) => [...(before ?? []), ...notes])
        setNext(next_page)
      },
      (error) => setProblem(problemOf(error)),
    )
  }, [room, next])
  return { lines, total, problem, refresh: () => setTimes((before) => before + 1), more: next === null ? null : more }
}
