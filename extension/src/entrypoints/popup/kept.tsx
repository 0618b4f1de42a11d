/** Where a page went that was kept by hand. */

import type { CaptureView } from '../../face.ts'
import { neutral } from '../../ui/neutral.ts'
import { openNotes } from '../../ui/open.ts'
import { Press } from '../../ui/parts.tsx'
import { counted, t } from '../../ui/text.ts'

export function Kept({ kept, busy }: { kept: CaptureView | null; busy: boolean }) {
  return (
    <div role="status" aria-live="polite">
      {busy ? <p class="dim">{t('capturing')}</p> : null}
      {kept ? (
        <p class="notice good">
          {t(kept.where === 'laptop' ? 'kept_laptop' : 'kept_browser', neutral(kept.path))}{' '}
          <span class="dim">{counted('characters', kept.characters)}</span>{' '}
          {kept.where === 'browser' ? (
            <Press kind="link" onPress={() => openNotes(kept.path)}>
              {t('read_it')}
            </Press>
          ) : null}
        </p>
      ) : null}
    </div>
  )
}
