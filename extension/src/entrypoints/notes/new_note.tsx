/** A note that the person writes. */

import { useState } from 'preact/hooks'
import { newCommandId } from '../../notes/clock.ts'
import type { NotesRoom } from '../../notes/room.ts'
import { useDeed } from '../../ui/overview.ts'
import { Trouble } from '../../ui/parts.tsx'
import { t } from '../../ui/text.ts'

interface Props {
  room: NotesRoom
  onDirty: (dirty: boolean) => void
  onMade: (path: string) => void
}

export function NewNote({ room, onDirty, onMade }: Props) {
  const [title, setTitle] = useState('')
  const [body, setBody] = useState('')
  const deed = useDeed()
  const make = () =>
    deed.run(async () => {
      const made = await room.create({ title: title.trim(), body, folder: '', tags: [] }, newCommandId())
      onMade(made.path)
    })
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (title.trim() !== '') make()
      }}
    >
      <h2>{t('notes_new')}</h2>
      <label>
        {t('notes_title')}
        <input
          id="title"
          required
          maxLength={300}
          value={title}
          onInput={(event) => {
            setTitle(event.currentTarget.value)
            onDirty(true)
          }}
        />
      </label>
      <label>
        {t('notes_body')}
        <textarea
          id="body"
          rows={16}
          dir="auto"
          value={body}
          onInput={(event) => {
            setBody(event.currentTarget.value)
            onDirty(true)
          }}
        />
      </label>
      <Trouble problem={deed.problem} />
      <button type="submit" class="main" id="save" aria-disabled={deed.busy || title.trim() === ''}>
        {t('notes_save')}
      </button>
    </form>
  )
}
