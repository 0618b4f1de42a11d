// Which rule applies to a command: the most specific that the person gave. The same as on the desktop: read runs, write
// runs and is shown with Undo, act asks; changed by risk, by action and by assistant (tests/consent_rules.json).

import type { AssistantView, Risk, Rule, RulesView } from '../face.ts'
import type { FactStore } from '../store/facts.ts'
import type { Ledger } from '../store/ledger.ts'
import { read, write } from '../store/session.ts'
import { type Command, Problem } from '../wire.ts'
import { type Action, CATALOGUE, RISKS, riskOf, subjectOf } from './catalogue.ts'

const HOUR_MS = 3_600_000
const USUAL: Readonly<Record<Risk, Rule>> = { read: 'run', write: 'notify', act: 'ask' }
const STRICTNESS: Readonly<Record<Rule, number>> = { run: 0, notify: 1, ask: 2, refuse: 3 }
/** Of how many commands the assistants are offered a rule. */
const LOOKED_BACK = 200

export interface Rules extends Partial<Record<Risk, Rule>> {
  actions?: Record<string, Rule>
}

/** The person's rules, for all and by grant. What is left out follows the more general one. */
export interface Consent extends Rules {
  assistants?: Record<string, Rules & Partial<AssistantView>>
}

type Asked = Pick<Command, 'arguments' | 'assistant'>

/**
 * The rule for `action` at `risk` asked under `grant`.
 *
 * From general to specific: the risk, the action, the assistant's risk, the assistant's action. Where an action's rule
 * for all meets an assistant's rule for a risk, the stricter wins. A rule for `tab.list` is given for titles: where full
 * addresses are asked for, which is `act`, it only ever tightens.
 */
export function decide(consent: Consent, action: Action, risk: Risk, grant: string): Rule {
  const ofAction = (rules: Rules, ofRisk: Rule): Rule | undefined => {
    const own = rules.actions?.[action.id]
    return own !== undefined && risk !== action.risk ? stricter(own, ofRisk) : own
  }
  const general = consent[risk] ?? USUAL[risk]
  const forAction = ofAction(consent, general)
  const forAll = forAction ?? general
  const rules = of(consent, grant)
  const ofAssistant = rules[risk]
  const specific = ofAction(rules, ofAssistant ?? forAll)
  if (specific !== undefined) return specific
  if (ofAssistant === undefined) return forAll
  return forAction === undefined ? ofAssistant : stricter(ofAssistant, forAction)
}

export class Policy {
  #changing: Promise<unknown> = Promise.resolve()

  constructor(
    readonly facts: FactStore,
    readonly ledger: Ledger,
  ) {}

  async rule(action: Action, { arguments: args, assistant }: Asked): Promise<Rule> {
    return decide(await this.#consent(), action, riskOf(action, args), assistant.grant_id)
  }

  /** The rules for all, or those of one assistant, each with what holds where there is none. */
  async rules(grant?: string): Promise<RulesView> {
    const consent = await this.#consent()
    const own = grant === undefined ? consent : of(consent, grant)
    const without = (subject: string) => changed(consent, subject, 'default', grant)
    const ofRisks = RISKS.map((risk) => ({
      subject: risk,
      title: risk,
      rule: own[risk] ?? ('default' as const),
      usual: (grant === undefined ? undefined : consent[risk]) ?? USUAL[risk],
    }))
    const ofActions = [...CATALOGUE.values()].map((action) => ({
      subject: action.id,
      title: action.title,
      rule: own.actions?.[action.id] ?? ('default' as const),
      usual: decide(without(action.id), action, action.risk, grant ?? ''),
    }))
    return { assistants: await this.#assistants(consent), rules: [...ofRisks, ...ofActions] }
  }

  /** `subject`: a risk or an action; `grant`: whose rule, else everyone's. Throws Problem unknown_action, grant_not_found. */
  async set(subject: string, rule: Rule | 'default', grant?: string): Promise<void> {
    if (!isRisk(subject) && !CATALOGUE.has(subject)) {
      throw new Problem('unknown_action', `There is no action ${JSON.stringify(subject)}.`)
    }
    const change = this.#changing.then(() => this.#set(subject, rule, grant)) // two at once: neither is lost
    this.#changing = change.catch(() => undefined)
    await change
    if (rule !== 'run' && rule !== 'notify') await this.forget()
  }

  async #set(subject: string, rule: Rule | 'default', grant?: string): Promise<void> {
    const consent = await this.#consent()
    const assistant = (await this.#assistants(consent)).find((known) => known.grant === grant)
    if (grant !== undefined && assistant === undefined) {
      throw new Problem('grant_not_found', 'No such assistant has asked for anything here.', 'Let it ask first.')
    }
    await this.facts.set('rules', changed(consent, subject, rule, grant, assistant))
  }

  /** Whether the person allowed that for an hour, to this grant. */
  async allowed(action: Action, { arguments: args, assistant }: Asked): Promise<boolean> {
    const until = (await read('allowances'))?.[key(action, args, assistant.grant_id)] ?? 0
    return Date.now() < until && until <= Date.now() + HOUR_MS // a clock that was set back gives no longer hour
  }

  async allow(action: Action, { arguments: args, assistant }: Asked): Promise<void> {
    const now = Date.now()
    const kept = Object.entries((await read('allowances')) ?? {}).filter(([, until]) => until > now)
    await write('allowances', { ...Object.fromEntries(kept), [key(action, args, assistant.grant_id)]: now + HOUR_MS })
  }

  /** What was allowed for an hour asks again. */
  async forget(): Promise<void> {
    await write('allowances', {})
  }

  async #consent(): Promise<Consent> {
    return (await this.facts.get('rules')) ?? {}
  }

  /** Who has asked lately, the latest first, and who has rules. */
  async #assistants(consent: Consent): Promise<AssistantView[]> {
    const known = new Map<string, AssistantView>()
    for (const { command } of await this.ledger.recent(LOOKED_BACK)) {
      const { grant_id: grant, name, host } = command.assistant
      if (grant !== '' && !known.has(grant)) known.set(grant, { grant, name, host })
    }
    for (const [grant, { name = grant, host = '' }] of Object.entries(consent.assistants ?? {})) {
      if (!known.has(grant)) known.set(grant, { grant, name, host })
    }
    return [...known.values()]
  }
}

function of(consent: Consent, grant: string): Rules {
  const all = consent.assistants ?? {}
  return (Object.hasOwn(all, grant) ? all[grant] : undefined) ?? {}
}

function changed(
  consent: Consent,
  subject: string,
  rule: Rule | 'default',
  grant?: string,
  assistant?: AssistantView,
): Consent {
  if (grant === undefined) return ruled(consent, subject, rule)
  const { [grant]: _before, ...others } = consent.assistants ?? {}
  const own = ruled(of(consent, grant), subject, rule)
  const empty = RISKS.every((risk) => own[risk] === undefined) && Object.keys(own.actions ?? {}).length === 0
  return { ...consent, assistants: empty ? others : { ...others, [grant]: { ...own, ...assistant } } }
}

function ruled(rules: Rules, subject: string, rule: Rule | 'default'): Rules {
  if (isRisk(subject)) return replaced(rules, subject, rule)
  return { ...rules, actions: replaced(rules.actions ?? {}, subject, rule) }
}

function replaced<T extends object>(rules: T, subject: keyof T, rule: Rule | 'default'): T {
  const { [subject]: _before, ...others } = rules
  return (rule === 'default' ? others : { ...others, [subject]: rule }) as T
}

function isRisk(subject: string): subject is Risk {
  return (RISKS as readonly string[]).includes(subject)
}

function stricter(one: Rule, other: Rule): Rule {
  return STRICTNESS[one] >= STRICTNESS[other] ? one : other
}

function key(action: Action, args: Record<string, unknown>, grant: string): string {
  return `${subjectOf(action, args)} ${grant}`
}
