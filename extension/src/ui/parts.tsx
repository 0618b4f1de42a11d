/** Small pieces that several pages show. */

import type { ComponentChildren } from 'preact'
import type { Connection, Overview } from '../face.ts'
import { ask } from '../messages.ts'
import type { Failure, Problem } from '../wire.ts'
import { neutral } from './neutral.ts'
import { useDeed } from './overview.ts'
import { wordsOf } from './problem.ts'
import { type Key, t } from './text.ts'
import { duration, left, useNow } from './time.ts'

/** What went wrong, and what to do next; read out at once. */
export function Trouble({ problem }: { problem: Problem | Failure | null | undefined }) {
  if (!problem) return null
  return (
    <p class="notice bad" role="alert">
      {wordsOf(problem)}
    </p>
  )
}

const STATE: Record<Connection, Key> = {
  needs_pairing: 'state_needs_pairing',
  connecting: 'state_connecting',
  connected: 'state_connected',
  offline: 'state_offline',
}

/** The connection in words, honestly: connected means that a ping came lately. */
export function ConnectionLine({ overview }: { overview: Overview }) {
  const now = useNow(5_000)
  const { connection, relay, lastPingAt } = overview
  const host = relay ? neutral(hostOf(relay)) : ''
  const silent = connection === 'offline' && lastPingAt ? -left(lastPingAt, now) : 0
  return (
    <p class={`state ${connection}`} role="status">
      <span class="dot" aria-hidden="true" />
      <span>
        {t(STATE[connection], host)}
        {silent > 0 ? <span class="dim"> {t('state_silent', duration(silent))}</span> : null}
      </span>
    </p>
  )
}

export function hostOf(relay: string): string {
  try {
    return new URL(relay).host
  } catch {
    return relay
  }
}

/** Pause refuses everything that assistants ask for, at once. */
export function PauseSwitch({ paused }: { paused: boolean }) {
  const deed = useDeed()
  return (
    <>
      <button
        type="button"
        class="switch"
        role="switch"
        aria-checked={paused}
        title={t('pause_meaning')}
        onClick={() => deed.run(() => ask('pause', { paused: !paused }))}
      >
        {t(paused ? 'paused' : 'pause')}
      </button>
      <Trouble problem={deed.problem} />
    </>
  )
}

/** The mark of Deskbell: a bell as it stands on a desk. */
export function Bell({ size = 22 }: { size?: number }) {
  return (
    <svg class="bell" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" fill="currentColor">
      <circle cx="16" cy="6.2" r="2.5" />
      <path d="M14.8 7.5h2.4v2.4a10.6 10.6 0 0 1 9.4 10.6v.7H5.4v-.7a10.6 10.6 0 0 1 9.4-10.6z" />
      <rect x="2.5" y="23" width="27" height="4" rx="2" />
    </svg>
  )
}

/** A button whose deed may take a while: it stays in place, and says so. */
export function Press({
  children,
  busy = false,
  kind,
  onPress,
  id,
}: {
  children: ComponentChildren
  busy?: boolean
  kind?: string
  onPress: () => void
  id?: string
}) {
  return (
    <button type="button" class={kind} id={id} aria-disabled={busy} onClick={() => busy || onPress()}>
      {children}
    </button>
  )
}
