/** The popup: state, what waits, this page as a note, the last commands, and the way to everything else. */

import { useEffect, useState } from 'preact/hooks'
import { browser } from 'wxt/browser'
import type { CaptureView, Overview } from '../../face.ts'
import { ask } from '../../messages.ts'
import { ActivityList } from '../../ui/activity.tsx'
import { openNotes, openPanel, openRequests } from '../../ui/open.ts'
import { useDeed, useOverview } from '../../ui/overview.ts'
import { Bell, ConnectionLine, PauseSwitch, Press, Trouble } from '../../ui/parts.tsx'
import { counted, t } from '../../ui/text.ts'
import { Kept } from './kept.tsx'
import { Pairing } from './pairing.tsx'

const RECENT = 4

export function Popup() {
  const { overview, problem } = useOverview()
  useEffect(() => {
    if (overview) performance.mark('deskbell:told')
  }, [overview])
  return (
    <>
      <header class="row">
        <Bell />
        <h1 class="grow">Deskbell</h1>
        {overview && overview.connection !== 'needs_pairing' ? <PauseSwitch paused={overview.paused} /> : null}
      </header>
      <Trouble problem={problem} />
      {overview ? <Body overview={overview} /> : null}
    </>
  )
}

function Body({ overview }: { overview: Overview }) {
  const away = overview.connection === 'needs_pairing' || overview.pairing !== undefined
  return (
    <>
      <ConnectionLine overview={overview} />
      {overview.paused ? <p class="notice bad">{t('pause_meaning')}</p> : null}
      <Trouble problem={overview.problem} />
      {away ? <Pairing overview={overview} /> : null}
      <Waits overview={overview} />
      <Capture />
      {away ? null : (
        <section aria-labelledby="recent">
          <h2 id="recent">{t('recent')}</h2>
          <ActivityList recent={overview.recent.slice(0, RECENT)} />
        </section>
      )}
      <footer class="row">
        <Press kind="link" onPress={openNotes}>
          {t('notes')}
        </Press>
        <Press kind="link" onPress={() => openPanel().then(() => window.close())}>
          {t('panel')}
        </Press>
      </footer>
    </>
  )
}

function Waits({ overview }: { overview: Overview }) {
  const waiting = overview.waiting
  if (waiting.length === 0) return null
  return (
    <Press kind="main" onPress={() => openRequests(waiting[0]?.id ?? '').then(() => window.close())}>
      {counted('waiting', waiting.length)}
    </Press>
  )
}

/** By hand there is no question: the click is the consent, and it gives the extension this one tab. */
function Capture() {
  const page = useDeed()
  const [kept, setKept] = useState<CaptureView | null>(null)
  const take = (mode: 'page' | 'selection') =>
    page.run(async () => {
      setKept(null)
      const [tab] = await browser.tabs.query({ active: true, currentWindow: true })
      setKept(await ask('captureTab', { mode, ...(tab?.id === undefined ? {} : { tabId: tab.id }) }))
    })
  return (
    <section aria-label={t('capture')}>
      <div class="row">
        <Press busy={page.busy} onPress={() => take('page')}>
          {t('capture_page')}
        </Press>
        <Press busy={page.busy} onPress={() => take('selection')}>
          {t('capture_selection')}
        </Press>
      </div>
      <Trouble problem={page.problem} />
      <Kept kept={kept} busy={page.busy} />
    </section>
  )
}
