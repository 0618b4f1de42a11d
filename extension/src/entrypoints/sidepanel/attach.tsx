/** A page or a selection that goes with the next question. */

import { useEffect, useState } from 'preact/hooks'
import { browser } from 'wxt/browser'
import type { Context } from '../../ai/chat.ts'
import { ask } from '../../messages.ts'
import { neutral } from '../../ui/neutral.ts'
import { useDeed } from '../../ui/overview.ts'
import { hostOf, Press, Trouble } from '../../ui/parts.tsx'
import { originsOf, permit, SEE_TABS } from '../../ui/permission.ts'
import { counted, t } from '../../ui/text.ts'
import { Problem } from '../../wire.ts'

export function Attach({
  context,
  onContext,
}: {
  context: Context | null
  onContext: (context: Context | null) => void
}) {
  const tab = useActiveTab()
  const deed = useDeed()
  if (context) {
    return (
      <div class="row notice">
        <span class="grow">
          {neutral(context.title || context.url)} <span class="host">· {neutral(hostOf(context.url))}</span>{' '}
          <span class="dim small-text">{counted('characters', context.markdown.length)}</span>
        </span>
        <Press kind="small" onPress={() => onContext(null)}>
          {t('remove')}
        </Press>
      </div>
    )
  }
  const read = (mode: 'page' | 'selection') => {
    // First, while this is still the click. A tab whose address is not told can only be asked to be seen.
    const permitted = permit(tab?.url ? { permissions: [], origins: originsOf(tab.url) } : SEE_TABS)
    deed.run(async () => {
      if (!(await permitted)) throw new Problem('permission_missing', t('permission_not_given'))
      if (!tab?.url) throw new Problem('permission_missing', t('chat_see_now'))
      const { title, url, markdown } = await ask('readTab', {
        mode,
        ...(tab.id === undefined ? {} : { tabId: tab.id }),
      })
      onContext({ title, url, markdown })
    })
  }
  return (
    <>
      <div class="row">
        <Press kind="small" busy={deed.busy} onPress={() => read('page')}>
          {t('chat_add_page')}
        </Press>
        <Press kind="small" busy={deed.busy} onPress={() => read('selection')}>
          {t('chat_add_selection')}
        </Press>
      </div>
      <Trouble problem={deed.problem} />
    </>
  )
}

/** The tab in front; known before a click, since a click does not wait. */
function useActiveTab(): { id?: number | undefined; url?: string | undefined } | null {
  const [tab, setTab] = useState<{ id?: number | undefined; url?: string | undefined } | null>(null)
  useEffect(() => {
    const look = () =>
      browser.tabs.query({ active: true, currentWindow: true }).then(([active]) => setTab(active ?? null))
    look()
    browser.tabs.onActivated.addListener(look)
    browser.tabs.onUpdated.addListener(look)
    browser.permissions.onAdded.addListener(look)
    return () => {
      browser.tabs.onActivated.removeListener(look)
      browser.tabs.onUpdated.removeListener(look)
      browser.permissions.onAdded.removeListener(look)
    }
  }, [])
  return tab
}
