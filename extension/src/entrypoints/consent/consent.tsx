/** The consent window: one for all that waits, the oldest first. Closing it answers nothing. */

import { useEffect, useState } from 'preact/hooks'
import type { Activity, Overview, Waiting } from '../../face.ts'
import { ask } from '../../messages.ts'
import { statusWord, titleOf } from '../../ui/actions.ts'
import { neutral } from '../../ui/neutral.ts'
import { useDeed, useOverview } from '../../ui/overview.ts'
import { Press, Trouble } from '../../ui/parts.tsx'
import { counted, t } from '../../ui/text.ts'
import { Card } from './card.tsx'

/** So many requests, and all of them can be refused at once. */
const MANY = 3

/** What was done or refused is shown for so long; then the next request comes, or the window closes. */
const SHOWN_MS = 2_500

/** `first`: the id of the request to begin with. */
export function Consent({ first }: { first: string | null }) {
  const { overview, problem } = useOverview()
  useEffect(() => {
    const leave = (event: KeyboardEvent) => event.key === 'Escape' && window.close()
    window.addEventListener('keydown', leave)
    return () => window.removeEventListener('keydown', leave)
  }, [])
  if (overview === null) return <Trouble problem={problem} />
  return <Queue overview={overview} first={first} />
}

function Queue({ overview, first }: { overview: Overview; first: string | null }) {
  const [current, setCurrent] = useState<string | null>(first)
  const [said, setSaid] = useState('')
  const waiting = overview.waiting
  const place = Math.max(
    0,
    waiting.findIndex((one) => one.id === current),
  )
  const asked = waiting.find((one) => one.id === current)
  const became = asked ? undefined : overview.recent.find((one) => one.id === current)
  const next = waiting[0]
  useEffect(() => {
    if (!asked && !became && next) setCurrent(next.id)
  }, [asked, became, next])

  const answered = (one: Waiting, answer: 'allowed' | 'refused') => {
    setSaid(t(answer === 'allowed' ? 'said_allowed' : 'said_refused', titleOf(one.action, one.title)))
    const following = waiting.find((other) => other.id !== one.id)
    if (following) setCurrent(following.id)
  }
  return (
    <>
      <p class="visually-hidden" role="status">
        {said}
      </p>
      {waiting.length > 1 || (became && next) ? (
        <nav class="row" aria-label={t('consent_queue')}>
          <span class="grow">{asked ? t('of', place + 1, waiting.length) : counted('waiting', waiting.length)}</span>
          <Step to={waiting[place - 1]} label="‹" name={t('previous')} go={setCurrent} />
          <Step to={asked ? waiting[place + 1] : next} label="›" name={t('next')} go={setCurrent} />
        </nav>
      ) : null}
      {overview.paused ? <p class="notice bad">{t('pause_meaning')}</p> : null}
      {asked ? (
        <Card key={asked.id} waiting={asked} onAnswer={(answer) => answered(asked, answer)} />
      ) : became ? (
        <Outcome one={became} next={next?.id} go={setCurrent} />
      ) : (
        <p class="dim empty">{t('consent_nothing')}</p>
      )}
      {waiting.length >= MANY ? <RefuseAll waiting={waiting} /> : null}
    </>
  )
}

function Step(props: { to: Waiting | undefined; label: string; name: string; go: (id: string) => void }) {
  const { to, label, name, go } = props
  return (
    <button type="button" class="icon" aria-label={name} disabled={!to} onClick={() => to && go(to.id)}>
      {label}
    </button>
  )
}

/** What became of the request. What failed or expired stays until the person has seen it. */
function Outcome({ one, next, go }: { one: Activity; next: string | undefined; go: (id: string) => void }) {
  const over = one.status === 'done' || one.status === 'refused'
  useEffect(() => {
    if (!over) return
    const timer = setTimeout(() => (next === undefined ? window.close() : go(next)), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [over, next, go])
  return (
    <article class="card" aria-live="polite">
      <h1>{titleOf(one.action, one.title)}</h1>
      <p class="who">
        <b>{neutral(one.assistant)}</b> <span class={`word ${one.status}`}>{statusWord(one.status)}</span>
      </p>
      {one.status === 'expired' ? <p>{t('consent_expired')}</p> : null}
      {one.status === 'refused' ? <p>{t('consent_refused')}</p> : null}
      {one.summary ? <p>{neutral(one.summary)}</p> : null}
      <Trouble problem={one.status === 'failed' || one.status === 'interrupted' ? one.error : null} />
      <div class="answers">
        <Press kind="main" onPress={() => window.close()}>
          {t('close')}
        </Press>
      </div>
    </article>
  )
}

function RefuseAll({ waiting }: { waiting: Waiting[] }) {
  const deed = useDeed()
  const all = () => Promise.all(waiting.map((one) => ask('refuse', { id: one.id })))
  return (
    <p>
      <Press kind="bad" busy={deed.busy} onPress={() => deed.run(all)}>
        {counted('refuse_all', waiting.length)}
      </Press>
      <Trouble problem={deed.problem} />
    </p>
  )
}
