/** The chat's messages are those of the wire: the golden examples, valid and invalid, as Python reads them. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { as, end, info, provider, token } from '../../src/ai/wire.ts'
import type { Reader } from '../../src/shape.ts'

interface Example {
  cases: { name: string; valid: boolean; json: unknown }[]
}

const READERS: [string, Reader<unknown>][] = [
  ['end', end],
  ['run_info', info],
  ['token', token],
]

describe.each(READERS)('%s.json', (name, reader) => {
  const path = join(import.meta.dirname, '../../../wire/examples', `${name}.json`)
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as Example

  it.each(cases)('$name (valid: $valid)', ({ valid, json }) => {
    if (valid) expect(json).toMatchObject(as(reader, json) as object)
    else expect(() => as(reader, json)).toThrow(/answered something else than agreed/)
  })
})

describe('a provider', () => {
  it('may say nothing of its bill', () => {
    const said = { name: 'local', title: 'Local', model: 'm', models: ['m'] }
    expect(as(provider, said)).toEqual({ ...said, stops_billing: null })
  })

  it('may have no usual model', () => {
    const said = { name: 'openai', title: 'OpenAI', model: null, models: [], stops_billing: null }
    expect(as(provider, said)).toEqual(said)
  })
})
