/** The side panel: activity with its hop times, the chat, and what assistants may do here. */

import { useRef, useState } from 'preact/hooks'
import type { Overview } from '../../face.ts'
import { ActivityList } from '../../ui/activity.tsx'
import { openNotes, openRequests } from '../../ui/open.ts'
import { useOverview } from '../../ui/overview.ts'
import { Bell, ConnectionLine, PauseSwitch, Press, Trouble } from '../../ui/parts.tsx'
import { counted, type Key, t } from '../../ui/text.ts'
import { Chat } from './chat.tsx'
import { Rules } from './rules.tsx'

const ROOMS = ['activity', 'chat', 'rules'] as const
type Room = (typeof ROOMS)[number]

const LABELS: Record<Room, Key> = { activity: 'room_activity', chat: 'room_chat', rules: 'room_rules' }

export function Panel() {
  const { overview, problem } = useOverview()
  const [room, setRoom] = useState<Room>('activity')
  const paired = overview !== null && overview.connection !== 'needs_pairing'
  return (
    <>
      <header>
        <div class="row">
          <Bell />
          <h1 class="grow">Deskbell</h1>
          <Press kind="link" onPress={() => openNotes()}>
            {t('notes')}
          </Press>
          {paired ? <PauseSwitch paused={overview.paused} /> : null}
        </div>
        {overview ? <ConnectionLine overview={overview} /> : null}
        <Trouble problem={problem} />
        <Tabs room={room} choose={setRoom} />
      </header>
      {ROOMS.map((one) => (
        // A room that is left stays as it is: an answer goes on being written.
        <div
          key={one}
          role="tabpanel"
          id={`room-${one}`}
          aria-labelledby={`tab-${one}`}
          hidden={one !== room}
          class="room"
        >
          {overview === null ? null : <Inside room={one} overview={overview} seen={one === room} />}
        </div>
      ))}
    </>
  )
}

/** The pattern of WAI-ARIA "Tabs": arrows choose, Tab goes into the room. */
function Tabs({ room, choose }: { room: Room; choose: (room: Room) => void }) {
  const list = useRef<HTMLDivElement>(null)
  const move = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    const next = ROOMS[(ROOMS.indexOf(room) + step + ROOMS.length) % ROOMS.length]
    if (next === undefined) return
    choose(next)
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus()
  }
  return (
    <div role="tablist" aria-label={t('rooms')} class="tabs" ref={list} onKeyDown={move}>
      {ROOMS.map((one) => (
        <button
          key={one}
          type="button"
          role="tab"
          id={`tab-${one}`}
          aria-controls={`room-${one}`}
          aria-selected={one === room}
          tabIndex={one === room ? 0 : -1}
          onClick={() => choose(one)}
        >
          {t(LABELS[one])}
        </button>
      ))}
    </div>
  )
}

function Inside({ room, overview, seen }: { room: Room; overview: Overview; seen: boolean }) {
  if (room === 'chat') return <Chat overview={overview} />
  if (room === 'rules') return seen ? <Rules overview={overview} /> : null
  return (
    <>
      <Trouble problem={overview.problem} />
      {overview.paused ? <p class="notice bad">{t('pause_meaning')}</p> : null}
      {overview.waiting.length > 0 ? (
        <p>
          <Press kind="main" onPress={() => openRequests(overview.waiting[0]?.id)}>
            {counted('waiting', overview.waiting.length)}
          </Press>
        </p>
      ) : null}
      <ActivityList recent={overview.recent} open />
    </>
  )
}
