/** The exact arguments of a request. */

import { hides } from '../../ui/neutral.ts'
import { counted, t } from '../../ui/text.ts'
import type { Value } from '../../ui/values.ts'

export function Arguments({ values, given }: { values: Value[]; given: Record<string, unknown> }) {
  if (values.length === 0) return null
  const hidden = Object.values(given).some((value) => hides(typeof value === 'string' ? value : JSON.stringify(value)))
  return (
    <>
      {hidden ? <p class="notice bad">{t('consent_hidden')}</p> : null}
      <dl class="values">
        {values.map((value) => (
          <Row key={value.name} value={value} />
        ))}
      </dl>
    </>
  )
}

function Row({ value }: { value: Value }) {
  return (
    <>
      <dt>{value.name}</dt>
      <dd>
        {value.long ? (
          <details>
            <summary>
              {counted('characters', value.characters)}, {counted('lines', value.lines)}: {value.head}…
            </summary>
            <pre>{value.text}</pre>
          </details>
        ) : (
          <pre>{value.text}</pre>
        )}
        {value.leftOut > 0 ? <p class="notice bad">{counted('left_out', value.leftOut)}</p> : null}
      </dd>
    </>
  )
}
