/** The notes that this browser keeps itself: a list with search, and the note that was chosen. */

import { useEffect, useRef, useState } from 'preact/hooks'
import { newCommandId } from '../../notes/clock.ts'
import type { NotesRoom } from '../../notes/room.ts'
import { neutral } from '../../ui/neutral.ts'
import { useDeed, useOverview } from '../../ui/overview.ts'
import { Bell, Press, Trouble } from '../../ui/parts.tsx'
import { counted, t } from '../../ui/text.ts'
import { localTime } from '../../ui/time.ts'
import { type Line, useListing } from './listing.ts'
import { NewNote } from './new_note.tsx'
import { NoteView } from './note.tsx'
import { Tools } from './tools.tsx'

/** What is in the larger half: a note by its path, a new one, or nothing yet. */
type Open = { kind: 'note'; path: string } | { kind: 'new' } | null

/** What was said last, with a way to take it back. */
export interface Said {
  words: string
  undo?: string
}

export function NotesPage({ room }: { room: NotesRoom }) {
  const { overview } = useOverview()
  const [query, setQuery] = useState('')
  const [open, setOpen] = useState<Open>(fromAddress())
  const [said, setSaid] = useState<Said | null>(null)
  const dirty = useRef(false)
  const listing = useListing(room, query, overview)
  useLeaving(dirty)

  const setDirty = (typed: boolean) => {
    dirty.current = typed
  }
  const go = (to: Open) => {
    if (dirty.current && !window.confirm(t('notes_unsaved'))) return
    setDirty(false)
    setOpen(to)
    history.replaceState(null, '', to?.kind === 'note' ? `#${encodeURIComponent(to.path)}` : ' ')
  }
  useAddress(() => {
    const to = fromAddress()
    if (to !== null) go(to)
  })
  const done = (words: Said, to: Open) => {
    setDirty(false)
    setOpen(to)
    setSaid(words)
    listing.refresh()
  }
  return (
    <>
      <header>
        <div class="row">
          <Bell />
          <h1 class="grow">{t('notes')}</h1>
          <Press kind="main" id="new" onPress={() => go({ kind: 'new' })}>
            {t('notes_new')}
          </Press>
        </div>
        <p class="dim small-text">{t('notes_where')}</p>
      </header>
      <Flash
        room={room}
        said={said}
        onDone={(words, path) => done(words, path === null ? null : { kind: 'note', path })}
      />
      <div class={open ? 'halves opened' : 'halves'}>
        <nav aria-label={t('notes_list')}>
          <input
            type="search"
            id="search"
            aria-label={t('notes_search')}
            placeholder={t('notes_search')}
            value={query}
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
          <Trouble problem={listing.problem} />
          <p class="dim small-text" role="status">
            {listing.lines === null
              ? ''
              : query.trim() && listing.total === 0
                ? t('notes_none_found')
                : counted('notes_count', listing.total)}
          </p>
          <List lines={listing.lines ?? []} open={open} go={go} />
          {listing.more ? (
            <Press kind="link" onPress={listing.more}>
              {t('notes_more')}
            </Press>
          ) : null}
          <Tools room={room} daemon={overview?.daemon ?? false} onDone={(words) => done(words, open)} />
        </nav>
        <main>
          {open ? (
            <p class="back">
              <Press kind="link" onPress={() => go(null)}>
                {t('notes_back')}
              </Press>
            </p>
          ) : null}
          {open?.kind === 'note' ? (
            <NoteView
              key={open.path}
              room={room}
              path={open.path}
              onDirty={setDirty}
              onSaved={(words) => done({ words }, open)}
              onTrashed={(words) => done(words, null)}
            />
          ) : open?.kind === 'new' ? (
            <NewNote
              room={room}
              onDirty={setDirty}
              onMade={(path) => done({ words: t('notes_made', neutral(path)) }, { kind: 'note', path })}
            />
          ) : (
            <p class="dim empty">{t(listing.lines?.length === 0 && !query ? 'notes_empty' : 'notes_choose')}</p>
          )}
        </main>
      </div>
    </>
  )
}

function fromAddress(): Open {
  if (location.hash.length < 2) return null
  try {
    return { kind: 'note', path: decodeURIComponent(location.hash.slice(1)) }
  } catch {
    return null // not an address of ours
  }
}

/** An address of a note that somebody put in while the page is open. */
function useAddress(go: () => void): void {
  useEffect(() => {
    window.addEventListener('hashchange', go)
    return () => window.removeEventListener('hashchange', go)
  })
}

/** The browser asks before it closes a page with unsaved text. */
function useLeaving(dirty: { current: boolean }): void {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => dirty.current && event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [dirty])
}

function List({ lines, open, go }: { lines: Line[]; open: Open; go: (to: Open) => void }) {
  return (
    <ul class="plain list">
      {lines.map((line) => (
        <li key={line.path}>
          <button
            type="button"
            aria-current={open?.kind === 'note' && open.path === line.path ? 'true' : undefined}
            onClick={() => go({ kind: 'note', path: line.path })}
          >
            <b>{neutral(line.title)}</b>
            <span class="dim small-text">{localTime(line.updated_at)}</span>
            {line.snippet ? <Snippet text={line.snippet} /> : null}
          </button>
        </li>
      ))}
    </ul>
  )
}

/** Words between ** marks matched. */
function Snippet({ text }: { text: string }) {
  return (
    <span class="small-text snippet">
      {text
        .split('**')
        .map((piece, place) => (place % 2 === 1 ? <mark key={place}>{neutral(piece)}</mark> : neutral(piece)))}
    </span>
  )
}

function Flash(props: { room: NotesRoom; said: Said | null; onDone: (said: Said, path: string | null) => void }) {
  const { room, said, onDone } = props
  const deed = useDeed()
  const undo = (command: string) =>
    deed.run(async () => {
      const undone = await room.undo({ path: null, command_id: command }, newCommandId())
      onDone({ words: t('notes_undone', neutral(undone.path)) }, undone.version === null ? null : undone.path)
    })
  return (
    <div role="status" aria-live="polite" class="flash">
      {said ? (
        <p class="notice good row">
          <span class="grow">{said.words}</span>
          {said.undo ? (
            <Press kind="small" id="undo" busy={deed.busy} onPress={() => undo(said.undo ?? '')}>
              {t('undo')}
            </Press>
          ) : null}
        </p>
      ) : null}
      <Trouble problem={deed.problem} />
    </div>
  )
}
