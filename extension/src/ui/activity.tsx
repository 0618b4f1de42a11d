/** What was asked and what became of it: the last commands with their hop times and Undo. */

import type { Activity } from '../face.ts'
import { ask } from '../messages.ts'
import type { Hop } from '../wire.ts'
import { statusWord, titleOf } from './actions.ts'
import { neutral } from './neutral.ts'
import { useDeed } from './overview.ts'
import { Press, Trouble } from './parts.tsx'
import { wordsOf } from './problem.ts'
import { type Key, t } from './text.ts'
import { duration, hops, localTime } from './time.ts'

/** `open`: every command with all its hops; else they are behind a summary. */
export function ActivityList({ recent, open = false }: { recent: Activity[]; open?: boolean }) {
  if (recent.length === 0) return <p class="dim">{t('activity_empty')}</p>
  return (
    <ul class="plain activity">
      {recent.map((one) => (
        <li key={one.id}>
          <Entry one={one} open={open} />
        </li>
      ))}
    </ul>
  )
}

function Entry({ one, open }: { one: Activity; open: boolean }) {
  const undo = useDeed()
  return (
    <>
      <div class="row">
        <span class="grow">
          <b>{titleOf(one.action, one.title)}</b> <span class={`word ${one.status}`}>{statusWord(one.status)}</span>
        </span>
        {one.undoable ? (
          <Press kind="small" busy={undo.busy} onPress={() => undo.run(() => ask('undo', { id: one.id }))}>
            {t('undo')}
            <span class="visually-hidden"> {one.summary ? neutral(one.summary) : titleOf(one.action, one.title)}</span>
          </Press>
        ) : null}
      </div>
      {one.summary ? <p class="small-text">{neutral(one.summary)}</p> : null}
      {one.error ? <p class="small-text">{wordsOf(one.error)}</p> : null}
      <p class="dim small-text">
        {t('activity_by', neutral(one.assistant), localTime(one.at))}
        {open ? null : <Total one={one} />}
      </p>
      {open ? <HopLine one={one} /> : null}
      <Trouble problem={undo.problem} />
    </>
  )
}

/** The whole way in one figure; each hop in its title. */
function Total({ one }: { one: Activity }) {
  const made = hops(one.hops)
  const last = made.at(-1)
  if (last?.hop !== 'returned') return null // it has not come back
  return (
    <span title={made.map(({ hop, after }) => `${t(HOPS[hop])} ${duration(after)}`).join(', ')}>
      {' '}
      · {duration(last.after)}
    </span>
  )
}

const HOPS: Readonly<Record<Hop, Key>> = {
  received: 'hop_received',
  appended: 'hop_appended',
  sent: 'hop_sent',
  acted: 'hop_acted',
  returned: 'hop_returned',
}

function HopLine({ one }: { one: Activity }) {
  const made = hops(one.hops)
  if (made.length === 0) return null
  return (
    <ol class="plain hops" aria-label={t('hops')}>
      {made.map(({ hop, after }, place) => (
        <li key={hop}>
          <span class="dim">{t(HOPS[hop])}</span> {place === 0 ? localTime(one.hops[hop] ?? '') : `+${duration(after)}`}
        </li>
      ))}
    </ol>
  )
}
