/** What assistants may do in this browser: the person's rule for each action, and what the browser permits. */

import { useEffect, useState } from 'preact/hooks'
import { browser } from 'wxt/browser'
import type { Overview, Rule, RuleView } from '../../face.ts'
import { ask } from '../../messages.ts'
import { titleOf } from '../../ui/actions.ts'
import { useDeed } from '../../ui/overview.ts'
import { Trouble } from '../../ui/parts.tsx'
import { type Permissions, permit } from '../../ui/permission.ts'
import { type Key, t } from '../../ui/text.ts'
import { ThisBrowser } from './this_browser.tsx'

const CHOICES: readonly (readonly [Rule | 'default', Key])[] = [
  ['default', 'rule_default'],
  ['run', 'rule_run'],
  ['ask', 'rule_ask'],
  ['refuse', 'rule_refuse'],
]

const USUAL: Record<RuleView['risk'], Key> = { read: 'rule_run', write: 'rule_run_shown', act: 'rule_ask' }

export function Rules({ overview }: { overview: Overview }) {
  const [rules, setRules] = useState<RuleView[]>([])
  const deed = useDeed()
  const load = () => ask('rules').then(setRules)
  // once, when the room is entered
  useEffect(() => void deed.run(load), [])
  const set = (rule: RuleView, choice: string) =>
    deed.run(async () => {
      await ask('setRule', { action: rule.action, rule: choice as Rule | 'default' })
      await load()
    })
  return (
    <>
      <p>{t('rules_meaning')}</p>
      <Trouble problem={deed.problem} />
      <ul class="plain rules">
        {rules.map((rule) => (
          <li key={rule.action}>
            <label>
              <span>{titleOf(rule.action, rule.title)}</span>
              <select value={rule.rule} onChange={(event) => set(rule, event.currentTarget.value)}>
                {CHOICES.map(([choice, key]) => (
                  <option key={choice} value={choice}>
                    {choice === 'default' ? t(key, t(USUAL[rule.risk])) : t(key)}
                  </option>
                ))}
              </select>
            </label>
          </li>
        ))}
      </ul>
      <BrowserPermissions />
      <ThisBrowser overview={overview} />
    </>
  )
}

const OFFERED: readonly (readonly [Permissions, Key])[] = [
  [{ permissions: ['tabs'], origins: [] }, 'permission_tabs'],
  [{ permissions: ['bookmarks'], origins: [] }, 'permission_bookmarks'],
]

/** Optional ones can be given here beforehand, and taken back; sites are given one by one, when one is captured. */
function BrowserPermissions() {
  const [held, setHeld] = useState<{ permissions: string[]; origins: string[] }>({ permissions: [], origins: [] })
  const deed = useDeed()
  useEffect(() => {
    const look = () =>
      browser.permissions
        .getAll()
        .then((all) => setHeld({ permissions: all.permissions ?? [], origins: all.origins ?? [] }))
    look()
    browser.permissions.onAdded.addListener(look)
    browser.permissions.onRemoved.addListener(look)
    return () => {
      browser.permissions.onAdded.removeListener(look)
      browser.permissions.onRemoved.removeListener(look)
    }
  }, [])
  const change = (wanted: Permissions, on: boolean) => {
    const done = on ? permit(wanted) : browser.permissions.remove(wanted) // first: this is still the click
    deed.run(() => done)
  }
  return (
    <section aria-labelledby="permissions">
      <h2 id="permissions">{t('permissions')}</h2>
      <ul class="plain">
        {OFFERED.map(([wanted, key]) => (
          <li key={key}>
            <label class="row">
              <input
                type="checkbox"
                checked={wanted.permissions.every((one) => held.permissions.includes(one))}
                onChange={(event) => change(wanted, event.currentTarget.checked)}
              />
              {t(key)}
            </label>
          </li>
        ))}
        {held.origins.map((origin) => (
          <li key={origin}>
            <label class="row">
              <input type="checkbox" checked onChange={() => change({ permissions: [], origins: [origin] }, false)} />
              {t('permission_site', origin)}
            </label>
          </li>
        ))}
      </ul>
      <Trouble problem={deed.problem} />
    </section>
  )
}
