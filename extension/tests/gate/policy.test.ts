// The rules are the same as on the desktop: the daemon's tests read the same list.

import { expect, it } from 'vitest'
import cases from '../../../tests/consent_rules.json'
import { CATALOGUE } from '../../src/gate/catalogue.ts'
import { type Consent, decide } from '../../src/gate/policy.ts'

const GRANT = 'gra_01932c07-5a00-7000-8000-000000000001'

const known = (id: string) => {
  const action = CATALOGUE.get(id)
  if (action === undefined) throw new Error(`There is no ${id}.`)
  return action
}

it.each(cases)('$promise', ({ consent, action, rule }) => {
  const { risk } = known(action)
  expect(decide(consent as Consent, known(action), risk, GRANT)).toBe(rule)
})

it.each([
  ['to run the titles', { actions: { 'tab.list': 'run' } }, 'ask'],
  ['to run the titles, of the assistant', { assistants: { [GRANT]: { actions: { 'tab.list': 'run' } } } }, 'ask'],
  ['to refuse the titles', { actions: { 'tab.list': 'refuse' } }, 'refuse'],
  ['for what acts', { act: 'run' }, 'run'],
  [
    'of the assistant for what acts',
    { assistants: { [GRANT]: { act: 'run', actions: { 'tab.list': 'run' } } } },
    'run',
  ],
  [
    'of the assistant for what acts, and to ask for titles',
    {
      actions: { 'tab.list': 'ask' },
      assistants: { [GRANT]: { act: 'run' } },
    },
    'ask',
  ],
])('full addresses of tabs are what acts: a rule %s', (_, consent, rule) => {
  expect(decide(consent as Consent, known('tab.list'), 'act', GRANT)).toBe(rule)
})
