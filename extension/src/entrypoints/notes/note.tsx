/** One note: read, changed, exported, put in the trash. */

import { useCallback, useEffect, useState } from 'preact/hooks'
import { newCommandId } from '../../notes/clock.ts'
import type { NotesRoom, NoteText } from '../../notes/room.ts'
import { Markdown } from '../../ui/markdown/markdown.tsx'
import { neutral } from '../../ui/neutral.ts'
import { problemOf, useDeed } from '../../ui/overview.ts'
import { Press, Trouble } from '../../ui/parts.tsx'
import { counted, t } from '../../ui/text.ts'
import { localTime } from '../../ui/time.ts'
import type { Problem } from '../../wire.ts'
import type { Said } from './notes.tsx'
import { ExportNote } from './tools.tsx'

interface Props {
  room: NotesRoom
  path: string
  onDirty: (dirty: boolean) => void
  onSaved: (words: string) => void
  onTrashed: (said: Said) => void
}

export function NoteView({ room, path, onDirty, onSaved, onTrashed }: Props) {
  const { note, problem, load } = useNote(room, path)
  const [editing, setEditing] = useState(false)
  const trash = useDeed()
  if (note === null) return <Trouble problem={problem} />
  const put = () =>
    trash.run(async () => {
      const command = newCommandId()
      await room.trash({ path, version: note.version }, command)
      onTrashed({ words: t('notes_trashed', neutral(note.title)), undo: command })
    })
  if (editing) {
    return (
      <Editor
        room={room}
        note={note}
        onDirty={onDirty}
        onEnd={async (saved) => {
          onDirty(false)
          setEditing(false)
          await load()
          if (saved) onSaved(t('notes_saved', neutral(note.title)))
        }}
      />
    )
  }
  return (
    <article>
      <div class="row">
        <h2 class="grow">{neutral(note.title)}</h2>
        <Press kind="small" id="edit" onPress={() => setEditing(true)}>
          {t('notes_edit')}
        </Press>
        <ExportNote room={room} path={path} />
        <Press kind="small bad" id="trash" busy={trash.busy} onPress={put}>
          {t('notes_trash')}
        </Press>
      </div>
      <p class="dim small-text">
        {neutral(note.path)} · {localTime(note.updated_at)} · {counted('characters', note.characters)}
        {note.tags.length > 0 ? ` · ${note.tags.map((tag) => `#${neutral(tag)}`).join(' ')}` : ''}
      </p>
      <Trouble problem={trash.problem} />
      <Markdown text={note.text} />
    </article>
  )
}

/** The note as it is now; `load` reads it again. */
function useNote(
  room: NotesRoom,
  path: string,
): { note: NoteText | null; problem: Problem | null; load: () => Promise<void> } {
  const [note, setNote] = useState<NoteText | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const load = useCallback(async () => {
    try {
      setNote(await room.read({ path, heading: null, offset: 0, limit: Number.MAX_SAFE_INTEGER }))
      setProblem(null)
    } catch (error) {
      setProblem(problemOf(error))
    }
  }, [room, path])
  useEffect(() => void load(), [load])
  return { note, problem, load }
}

interface EditorProps {
  room: NotesRoom
  note: NoteText
  onDirty: (dirty: boolean) => void
  onEnd: (saved: boolean) => void
}

/** Saves on top of the version that was read: a note that an assistant changed meanwhile is not overwritten. */
function Editor({ room, note, onDirty, onEnd }: EditorProps) {
  const [text, setText] = useState(note.text)
  const deed = useDeed()
  const save = async () => {
    if (await deed.run(() => room.replace(note.path, note.version, text, newCommandId()))) onEnd(true)
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save()
      }}
      onKeyDown={(event) => {
        if ((event.ctrlKey || event.metaKey) && event.key === 's') {
          event.preventDefault()
          save()
        }
      }}
    >
      <h2>{neutral(note.title)}</h2>
      <label class="visually-hidden" for="text">
        {t('notes_body')}
      </label>
      <textarea
        id="text"
        rows={24}
        value={text}
        dir="auto"
        onInput={(event) => {
          setText(event.currentTarget.value)
          onDirty(event.currentTarget.value !== note.text)
        }}
      />
      <Trouble problem={deed.problem} />
      <div class="row">
        <button type="submit" class="main" id="save" aria-disabled={deed.busy}>
          {t('notes_save')}
        </button>
        <Press onPress={() => onEnd(false)}>{t('cancel')}</Press>
      </div>
    </form>
  )
}
