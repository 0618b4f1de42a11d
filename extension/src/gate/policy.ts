// Which rule applies to a command: the person's own, or the one of its risk. The same as on the desktop: read runs,
// write runs and is shown with Undo, act asks.

import type { Rule, RuleView } from '../face.ts'
import type { FactStore } from '../store/facts.ts'
import { read, write } from '../store/session.ts'
import { Problem } from '../wire.ts'
import { type Action, CATALOGUE, type Risk, riskOf, subjectOf } from './catalogue.ts'

const HOUR_MS = 3_600_000
const BY_RISK: Readonly<Record<Risk, Rule>> = { read: 'run', write: 'run', act: 'ask' }

export class Policy {
  constructor(readonly facts: FactStore) {}

  /** A rule to run `tab.list` does not cover full addresses: those are `act`, and ask unless the person allowed them. */
  async rule(action: Action, args: Record<string, unknown>): Promise<Rule> {
    const own = (await this.facts.get('rules'))?.[action.id]
    const risk = riskOf(action, args)
    if (own === undefined) return BY_RISK[risk]
    return own === 'run' && risk !== action.risk ? BY_RISK[risk] : own
  }

  async rules(): Promise<RuleView[]> {
    const own = (await this.facts.get('rules')) ?? {}
    return [...CATALOGUE.values()].map(({ id, title, risk }) => ({
      action: id,
      title,
      risk,
      rule: own[id] ?? 'default',
    }))
  }

  /** Throws Problem unknown_action. */
  async set(action: string, rule: Rule | 'default'): Promise<void> {
    if (!CATALOGUE.has(action)) throw new Problem('unknown_action', `There is no action ${JSON.stringify(action)}.`)
    const { [action]: _before, ...others } = (await this.facts.get('rules')) ?? {}
    await this.facts.set('rules', rule === 'default' ? others : { ...others, [action]: rule })
    if (rule !== 'run') await this.forget()
  }

  /** Whether the person allowed that for an hour, to this grant. */
  async allowed(action: Action, args: Record<string, unknown>, grant: string): Promise<boolean> {
    const until = (await read('allowances'))?.[key(action, args, grant)] ?? 0
    return Date.now() < until && until <= Date.now() + HOUR_MS // a clock that was set back gives no longer hour
  }

  async allow(action: Action, args: Record<string, unknown>, grant: string): Promise<void> {
    const now = Date.now()
    const kept = Object.entries((await read('allowances')) ?? {}).filter(([, until]) => until > now)
    await write('allowances', { ...Object.fromEntries(kept), [key(action, args, grant)]: now + HOUR_MS })
  }

  /** What was allowed for an hour asks again. */
  async forget(): Promise<void> {
    await write('allowances', {})
  }
}

function key(action: Action, args: Record<string, unknown>, grant: string): string {
  return `${subjectOf(action, args)} ${grant}`
}
