/** The pairing of this browser, and its end. */

import { useState } from 'preact/hooks'
import type { Overview } from '../../face.ts'
import { ask } from '../../messages.ts'
import { neutral } from '../../ui/neutral.ts'
import { useDeed } from '../../ui/overview.ts'
import { hostOf, Press, Trouble } from '../../ui/parts.tsx'
import { t } from '../../ui/text.ts'

export function ThisBrowser({ overview }: { overview: Overview }) {
  const [sure, setSure] = useState(false)
  const deed = useDeed()
  if (overview.relay === undefined) return null
  return (
    <section aria-labelledby="this-browser">
      <h2 id="this-browser">{t('this_browser')}</h2>
      <p>{t('this_browser_is', neutral(overview.deviceName ?? '–'), neutral(hostOf(overview.relay)))}</p>
      {sure ? (
        <>
          <p role="status">{t('unpair_meaning')}</p>
          <div class="row">
            <Press kind="bad" id="unpair-sure" busy={deed.busy} onPress={() => deed.run(() => ask('unpair'))}>
              {t('unpair_sure')}
            </Press>
            <Press onPress={() => setSure(false)}>{t('cancel')}</Press>
          </div>
        </>
      ) : (
        <Press kind="small bad" id="unpair" onPress={() => setSure(true)}>
          {t('unpair')}
        </Press>
      )}
      <Trouble problem={deed.problem} />
    </section>
  )
}
