/** Notes out and in: export of one and of all, import, and the hand-over to the laptop. */

import { useRef, useState } from 'preact/hooks'
import { ask } from '../../messages.ts'
import { exportAll, exportOne } from '../../notes/export.ts'
import { type Imported, importFiles, type Reason } from '../../notes/import.ts'
import type { NotesRoom } from '../../notes/room.ts'
import { neutral } from '../../ui/neutral.ts'
import { useDeed } from '../../ui/overview.ts'
import { Press, Trouble } from '../../ui/parts.tsx'
import { wordsOf } from '../../ui/problem.ts'
import { counted, type Key, t } from '../../ui/text.ts'
import type { Said } from './notes.tsx'
import { saveFile } from './save_file.ts'

export function ExportNote({ room, path }: { room: NotesRoom; path: string }) {
  const deed = useDeed()
  const take = () =>
    deed.run(async () => {
      const file = await exportOne(room, path)
      saveFile(file.name, new Blob([file.text], { type: 'text/markdown' }))
    })
  return (
    <>
      <Press kind="small" id="export" busy={deed.busy} onPress={take}>
        {t('notes_export')}
      </Press>
      <Trouble problem={deed.problem} />
    </>
  )
}

/** `daemon`: there is a laptop that keeps notes, so that these can go there. */
export function Tools({ room, daemon, onDone }: { room: NotesRoom; daemon: boolean; onDone: (said: Said) => void }) {
  const deed = useDeed()
  const picker = useRef<HTMLInputElement>(null)
  const [skipped, setSkipped] = useState<Imported['skipped']>([])
  const exportThem = () =>
    deed.run(async () => saveFile('Deskbell notes.zip', new Blob([await exportAll(room)], { type: 'application/zip' })))
  const importThem = (files: File[]) =>
    deed.run(async () => {
      setSkipped([])
      const read = files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }))
      const report = await importFiles(room, await Promise.all(read))
      setSkipped(report.skipped)
      const same = report.same > 0 ? ` ${counted('notes_same', report.same)}` : ''
      onDone({ words: counted('notes_imported', report.made.length) + same })
    })
  const handOver = () =>
    deed.run(async () => {
      const { moved, left, problem } = await ask('handOver')
      const why = problem ? ` ${wordsOf(problem)}` : ''
      const rest = left > 0 ? ` ${counted('notes_left', left)}${why}` : ''
      onDone({ words: counted('notes_handed', moved) + rest })
    })
  return (
    <section class="tools" aria-label={t('notes_tools')}>
      {daemon ? (
        <p>
          <Press id="hand-over" busy={deed.busy} onPress={handOver}>
            {t('notes_hand_over')}
          </Press>
          <span class="dim small-text meaning">{t('notes_hand_over_meaning')}</span>
        </p>
      ) : null}
      <div class="row">
        <Press kind="small" id="export-all" busy={deed.busy} onPress={exportThem}>
          {t('notes_export_all')}
        </Press>
        <Press kind="small" id="import" busy={deed.busy} onPress={() => picker.current?.click()}>
          {t('notes_import')}
        </Press>
        <input
          ref={picker}
          id="files"
          type="file"
          accept=".md,.markdown,.zip"
          multiple
          hidden
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])]
            event.currentTarget.value = '' // so that the same file can be chosen again
            if (files.length > 0) importThem(files)
          }}
        />
      </div>
      <Trouble problem={deed.problem} />
      <Skipped skipped={skipped} />
    </section>
  )
}

const REASONS: Record<Reason, Key> = {
  not_a_note: 'import_not_a_note',
  not_text: 'import_not_text',
  outside: 'import_outside',
  hidden: 'import_hidden',
  bad_name: 'import_bad_name',
  too_large: 'import_too_large',
  too_many: 'import_too_many',
  broken_zip: 'import_broken_zip',
}

const MOST_SHOWN = 20

function Skipped({ skipped }: { skipped: Imported['skipped'] }) {
  if (skipped.length === 0) return null
  return (
    <details class="notice" open={skipped.length <= 3}>
      <summary>{counted('notes_skipped', skipped.length)}</summary>
      <ul>
        {skipped.slice(0, MOST_SHOWN).map((one) => (
          <li key={`${one.name} ${one.why}`}>
            {neutral(one.name)}: {t(REASONS[one.why])}
          </li>
        ))}
      </ul>
    </details>
  )
}
