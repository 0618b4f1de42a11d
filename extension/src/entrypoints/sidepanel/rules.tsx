/** What assistants may do in this browser: the person's rules, for all and for each assistant, and what the browser permits. */

import { useEffect, useState } from 'preact/hooks'
import { browser } from 'wxt/browser'
import type { AssistantView, Overview, Rule, RulesView, RuleView } from '../../face.ts'
import { ask } from '../../messages.ts'
import { titleOf } from '../../ui/actions.ts'
import { neutral } from '../../ui/neutral.ts'
import { problemOf, useDeed } from '../../ui/overview.ts'
import { Trouble } from '../../ui/parts.tsx'
import { type Permissions, permit } from '../../ui/permission.ts'
import { type Key, t } from '../../ui/text.ts'
import type { Problem } from '../../wire.ts'
import { ThisBrowser } from './this_browser.tsx'

const WORDS: Readonly<Record<Rule, Key>> = {
  run: 'rule_run',
  notify: 'rule_notify',
  ask: 'rule_ask',
  refuse: 'rule_refuse',
}
const CHOICES = Object.keys(WORDS) as Rule[]
const RISKS: Readonly<Record<string, Key>> = { read: 'risk_read', write: 'risk_write', act: 'risk_act' }

export function Rules({ overview }: { overview: Overview }) {
  const [view, setView] = useState<RulesView>({ assistants: [], rules: [] })
  const [grant, setGrant] = useState('')
  const deed = useDeed()
  const [changes, setChanges] = useState(0)
  const [problem, setProblem] = useState<Problem | null>(null)
  // when the room is entered, another assistant is chosen or has come, or a rule was set
  useEffect(() => {
    let here = true // the rules of one assistant never stand under another's name
    ask('rules', of(grant)).then(
      (found) => here && setView(found),
      (error) => here && setProblem(problemOf(error)),
    )
    return () => {
      here = false
    }
  }, [grant, changes, overview.recent[0]?.id])
  const choose = (whose: string) => {
    setView({ ...view, rules: [] })
    setGrant(whose)
  }
  const set = async (subject: string, choice: string) => {
    await deed.run(() => ask('setRule', { subject, rule: choice as Rule | 'default', ...of(grant) }))
    setChanges((count) => count + 1)
  }
  const line = (rule: RuleView) => (
    <RuleLine key={rule.subject} rule={rule} one={grant !== ''} set={(choice) => set(rule.subject, choice)} />
  )
  const ofKinds = view.rules.filter((rule) => rule.subject in RISKS)
  const ofActions = view.rules.filter((rule) => !(rule.subject in RISKS))
  return (
    <>
      <p>{t('rules_meaning')}</p>
      <Trouble problem={deed.problem ?? problem} />
      {view.assistants.length === 0 ? null : (
        <label class="rules-for">
          <span>{t('rules_for')}</span>
          <select id="rules-for" value={grant} onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">{t('rules_for_all')}</option>
            {view.assistants.map((one) => (
              <option key={one.grant} value={one.grant}>
                {named(one, view.assistants)}
              </option>
            ))}
          </select>
        </label>
      )}
      <section aria-labelledby="rules-kinds">
        <h2 id="rules-kinds">{t('rules_kinds')}</h2>
        <ul class="plain rules">{ofKinds.map(line)}</ul>
      </section>
      <section aria-labelledby="rules-actions">
        <h2 id="rules-actions">{t('rules_actions')}</h2>
        <ul class="plain rules">{ofActions.map(line)}</ul>
      </section>
      <BrowserPermissions />
      <ThisBrowser overview={overview} />
    </>
  )
}

/** `one`: the rule is one assistant's, and otherwise follows what holds for all. */
function RuleLine({ rule, one, set }: { rule: RuleView; one: boolean; set: (choice: string) => void }) {
  const kind = RISKS[rule.subject]
  return (
    <li>
      <label>
        <span>{kind ? t(kind) : titleOf(rule.subject, rule.title)}</span>
        <select value={rule.rule} onChange={(event) => set(event.currentTarget.value)}>
          <option value="default">{t(one ? 'rule_as_all' : 'rule_default', t(WORDS[rule.usual]))}</option>
          {CHOICES.map((choice) => (
            <option key={choice} value={choice}>
              {t(WORDS[choice])}
            </option>
          ))}
        </select>
      </label>
    </li>
  )
}

function of(grant: string): { grant?: string } {
  return grant === '' ? {} : { grant }
}

/** Its name and host; where two are alike, the end of the grant tells them apart. */
function named(one: AssistantView, all: AssistantView[]): string {
  const words = ({ name, host }: AssistantView) => neutral(host === '' ? name : `${name} · ${host}`)
  const twin = all.some((other) => other.grant !== one.grant && words(other) === words(one))
  return twin ? `${words(one)} …${one.grant.slice(-4)}` : words(one)
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
