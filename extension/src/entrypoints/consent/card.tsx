/** One request: who asks, for what exactly, until when, and the three answers. Refuse has the focus. */

import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Waiting } from '../../face.ts'
import { ask } from '../../messages.ts'
import { titleOf } from '../../ui/actions.ts'
import { neutral } from '../../ui/neutral.ts'
import { useDeed } from '../../ui/overview.ts'
import { hostOf, Trouble } from '../../ui/parts.tsx'
import { permit, SEE_TABS } from '../../ui/permission.ts'
import { t } from '../../ui/text.ts'
import { duration, left, localTime, useNow } from '../../ui/time.ts'
import { valuesOf } from '../../ui/values.ts'
import { Problem } from '../../wire.ts'
import { Arguments } from './arguments.tsx'
import { useSettled } from './settle.ts'
import { isAboutTab, needs, type Target, useTarget } from './target.ts'

/** `onAnswer` hears which one was given, after the background has it. */
export function Card({ waiting, onAnswer }: { waiting: Waiting; onAnswer: (answer: 'allowed' | 'refused') => void }) {
  const { values, whole } = useMemo(() => valuesOf(waiting.arguments), [waiting.arguments])
  const { target, look } = useTarget(waiting)
  const over = left(waiting.expiresAt, useNow(1_000)) <= 0
  const blind = isAboutTab(waiting.action) && target != null && !target.url
  const settled = useSettled(waiting.id)
  const deed = useDeed()
  const [given, setGiven] = useState(false) // an answer is given once; the next moment brings what became of it
  const held = !settled || deed.busy || given
  const refuse = useRef<HTMLButtonElement>(null)
  useEffect(() => refuse.current?.focus(), [waiting.id])

  const allow = (scope: 'once' | 'hour') => {
    if (held) return
    const permitted = permit(needs(waiting.action, target ?? null)) // first, while this is still the click
    deed.run(async () => {
      if (!(await permitted)) throw new Problem('permission_missing', t('permission_not_given'))
      await ask('approve', { id: waiting.id, scope })
      setGiven(true)
      onAnswer('allowed')
    })
  }
  const show = () => {
    if (held) return
    const permitted = permit(SEE_TABS)
    deed.run(async () => {
      if (!(await permitted)) throw new Problem('permission_missing', t('permission_not_given'))
      look()
    })
  }
  const answerNo = () =>
    !held &&
    deed.run(async () => {
      await ask('refuse', { id: waiting.id })
      setGiven(true)
      onAnswer('refused')
    })

  return (
    <article class="card" aria-labelledby="asked">
      <h1 id="asked">{titleOf(waiting.action, waiting.title)}</h1>
      <p class="who">
        <b>{neutral(waiting.assistant)}</b> <span class="host">· {neutral(waiting.host)}</span>
      </p>
      <About waiting={waiting} target={target} blind={blind} />
      <Arguments values={values} given={waiting.arguments} />
      {whole ? null : <p class="notice bad">{t('consent_not_whole')}</p>}
      <Until waiting={waiting} />
      <Trouble problem={deed.problem} />
      <div class="answers">
        <button type="button" ref={refuse} id="refuse" class="bad" aria-disabled={held} onClick={answerNo}>
          {t('refuse')}
        </button>
        {over || !whole ? null : blind ? (
          <button type="button" id="show" aria-disabled={held} onClick={show}>
            {t('consent_show_page')}
          </button>
        ) : (
          <>
            <button type="button" id="once" class="good" aria-disabled={held} onClick={() => allow('once')}>
              {t('allow_once')}
            </button>
            <button type="button" id="hour" aria-disabled={held} onClick={() => allow('hour')}>
              {t('allow_hour')}
            </button>
          </>
        )}
      </div>
      {over || !whole || blind ? null : (
        <p class="dim small-text">{t('consent_hour_meaning', neutral(waiting.assistant))}</p>
      )}
    </article>
  )
}

/** What a person must see first: where a tab would lead, or which page it is about. */
function About({ waiting, target, blind }: { waiting: Waiting; target: Target | null | undefined; blind: boolean }) {
  if (waiting.action === 'tab.open') {
    return <p class="about">{t('consent_opens', neutral(hostOf(String(waiting.arguments.url ?? ''))))}</p>
  }
  if (!isAboutTab(waiting.action) || target === undefined) return null
  if (target === null) return <p class="notice bad">{t('consent_tab_gone')}</p>
  if (blind) return <p class="notice">{t('consent_blind')}</p>
  return (
    <p class="about">
      {neutral(target.title ?? '')} <span class="host">· {neutral(hostOf(target.url ?? ''))}</span>
    </p>
  )
}

function Until({ waiting }: { waiting: Waiting }) {
  const now = useNow(1_000)
  const remains = left(waiting.expiresAt, now)
  return (
    <p class="dim small-text">
      {t('asked_at', localTime(waiting.receivedAt, now))}{' '}
      {remains > 0 ? (
        <span role="timer">{t('ends_in', duration(remains))}</span>
      ) : (
        <span class="notice bad" role="alert">
          {t('consent_expired')}
        </span>
      )}
    </p>
  )
}
