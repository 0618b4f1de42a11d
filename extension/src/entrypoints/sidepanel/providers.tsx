/** Who is asked: a provider of the relay, and one of its models. */

import { useEffect, useState } from 'preact/hooks'
import { type Choice, choose, chosen } from '../../ai/memory.ts'
import type { AiRelay } from '../../ai/relay.ts'
import type { Provider } from '../../ai/wire.ts'
import { neutral } from '../../ui/neutral.ts'
import { problemOf } from '../../ui/overview.ts'
import { t } from '../../ui/text.ts'
import { Problem } from '../../wire.ts'

export interface Providers {
  providers: Provider[]
  choice: Choice | null
  problem: Problem | null
  choose: (choice: Choice) => void
}

/** Asked when the relay is there; the last choice holds while the relay still offers it. */
export function useProviders(relay: AiRelay, connected: boolean): Providers {
  const [providers, setProviders] = useState<Provider[]>([])
  const [choice, setChoice] = useState<Choice | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    if (!connected) return
    let here = true
    Promise.all([relay.providers(), chosen()]).then(
      ([offered, last]) => {
        if (!here) return
        const none = new Problem('provider_not_configured', t('chat_no_provider'))
        const same = offered.find((one) => one.name === last?.provider && one.models.includes(last.model))
        // A provider's usual model is the first of its models; one without any cannot be asked from here.
        const all = offered.flatMap((one) => one.models.map((model) => ({ provider: one.name, model })))
        const usual = all[0] ?? null
        setProviders(offered)
        setChoice(same && last ? last : usual)
        setProblem(usual ? null : none)
      },
      (error) => here && setProblem(problemOf(error)),
    )
    return () => {
      here = false
    }
  }, [relay, connected])
  return {
    providers,
    choice,
    problem,
    choose: (next) => {
      setChoice(next)
      choose(next).catch((error) => setProblem(problemOf(error)))
    },
  }
}

export function Who({ who, disabled }: { who: Providers; disabled: boolean }) {
  if (who.choice === null) return null
  const at = JSON.stringify([who.choice.provider, who.choice.model])
  return (
    <label class="row grow">
      <span class="visually-hidden">{t('chat_who')}</span>
      <select
        id="who"
        value={at}
        disabled={disabled}
        onChange={(event) => {
          const [provider, model] = JSON.parse(event.currentTarget.value) as [string, string]
          who.choose({ provider, model })
        }}
      >
        {who.providers.map((provider) => (
          <optgroup key={provider.name} label={neutral(provider.title)}>
            {provider.models.map((model) => (
              <option key={model} value={JSON.stringify([provider.name, model])}>
                {neutral(model)}
                {provider.stops_billing === false ? ` (${t('chat_stop_bills')})` : ''}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  )
}
