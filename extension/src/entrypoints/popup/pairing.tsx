/** Pairing: with the daemon on this laptop in one click and six digits, or with any relay by a code. */

import { useState } from 'preact/hooks'
import type { Overview, PairingView } from '../../face.ts'
import { ask } from '../../messages.ts'
import { neutral } from '../../ui/neutral.ts'
import { useDeed } from '../../ui/overview.ts'
import { Press, Trouble } from '../../ui/parts.tsx'
import { t } from '../../ui/text.ts'
import { duration, left, useNow } from '../../ui/time.ts'
import { deviceName } from './device_name.ts'

export function Pairing({ overview }: { overview: Overview }) {
  const pairing = overview.pairing
  return (
    <section class="card" aria-labelledby="pairing">
      <h2 id="pairing">{t('pair_title')}</h2>
      {pairing?.state === 'waiting' || pairing?.state === 'confirm_digits' ? (
        <Underway pairing={pairing} />
      ) : (
        <Ways ended={pairing} />
      )}
    </section>
  )
}

function Ways({ ended }: { ended: PairingView | undefined }) {
  const [name, setName] = useState(deviceName())
  const deed = useDeed()
  return (
    <>
      {ended ? <Trouble problem={{ code: ended.state, message: sentence(ended) }} /> : <p>{t('pair_why')}</p>}
      <label>
        {t('pair_name')}
        <input value={name} maxLength={60} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <Press kind="main" busy={deed.busy} onPress={() => deed.run(() => ask('pairWithLaptop', { name }))}>
        {t('pair_laptop')}
      </Press>
      <p class="dim small-text">{t('pair_laptop_how')}</p>
      <details>
        <summary>{t('pair_relay')}</summary>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            const relay = String(new FormData(event.currentTarget).get('relay') ?? '').trim()
            deed.run(() => ask('pairWithRelay', { relay, name }))
          }}
        >
          <label>
            {t('pair_relay_address')}
            <input type="url" name="relay" required placeholder="https://relay.example" />
          </label>
          <button type="submit" aria-disabled={deed.busy}>
            {t('pair_relay_go')}
          </button>
        </form>
      </details>
      <Trouble problem={deed.problem} />
    </>
  )
}

function sentence(ended: PairingView): string {
  if (ended.state === 'denied') return t('pair_denied')
  if (ended.state === 'expired') return t('pair_expired')
  return ended.message ?? t('pair_failed')
}

function Underway({ pairing }: { pairing: PairingView }) {
  const now = useNow(1_000)
  const deed = useDeed()
  const remains = left(pairing.expiresAt, now)
  return (
    <>
      {pairing.state === 'confirm_digits' ? <Digits pairing={pairing} /> : <Code pairing={pairing} />}
      {pairing.message ? <p>{neutral(pairing.message)}</p> : null}
      <div class="row">
        <span class="dim small-text grow">{remains > 0 ? t('ends_in', duration(remains)) : t('pair_expired')}</span>
        <Press kind="small" busy={deed.busy} onPress={() => deed.run(() => ask('cancelPairing'))}>
          {t('cancel')}
        </Press>
      </div>
      <Trouble problem={deed.problem} />
    </>
  )
}

/** A squatter on the port could lead here to a relay of its own: so both sides show the number, and both are asked. */
function Digits({ pairing }: { pairing: PairingView }) {
  const deed = useDeed()
  const digits = neutral(pairing.digits ?? '')
  return (
    <fieldset>
      <legend>{t('pair_same_number')}</legend>
      <p class="digits" role="status" aria-label={digits.split('').join(' ')}>
        {digits.length === 6 ? `${digits.slice(0, 3)} ${digits.slice(3)}` : digits}
      </p>
      <p class="dim small-text">{t('pair_to', neutral(pairing.relayHost))}</p>
      <div class="row">
        <Press kind="good" busy={deed.busy} onPress={() => deed.run(() => ask('confirmDigits', { match: true }))}>
          {t('pair_same')}
        </Press>
        <Press kind="bad" busy={deed.busy} onPress={() => deed.run(() => ask('confirmDigits', { match: false }))}>
          {t('pair_not_same')}
        </Press>
      </div>
      <Trouble problem={deed.problem} />
    </fieldset>
  )
}

function Code({ pairing }: { pairing: PairingView }) {
  const [copied, setCopied] = useState(false)
  const copy = useDeed()
  if (pairing.userCode === undefined) return <p role="status">{t('pair_looking')}</p>
  const code = neutral(pairing.userCode)
  if (pairing.way === 'laptop') {
    return (
      <>
        <p role="status">{t('pair_on_laptop')}</p>
        {pairing.digits ? <p class="digits">{neutral(pairing.digits)}</p> : null}
      </>
    )
  }
  return (
    <>
      <p>{t('pair_type_code', neutral(pairing.relayHost))}</p>
      <div class="row">
        <output class="code grow" aria-live="polite">
          {code}
        </output>
        <Press
          busy={copy.busy}
          onPress={() => copy.run(() => navigator.clipboard.writeText(code).then(() => setCopied(true)))}
        >
          <span role="status">{t(copied ? 'copied' : 'copy')}</span>
        </Press>
      </div>
      <p class="dim small-text">
        {t('pair_or_type')} <code>deskbell approve {code}</code>
      </p>
      <Trouble problem={copy.problem} />
    </>
  )
}
