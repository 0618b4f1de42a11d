// The extension's table of actions, held against the one catalogue (docs/actions.md is made of it).

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PERFORMERS } from '../../src/actions/table.ts'
import { CATALOGUE, declared, riskOf, subjectOf } from '../../src/gate/catalogue.ts'

const ROW = /^\| `([a-z]+\.[a-z]+)` \| `\w+` \| (read|write|act) \| `[a-z:]+` \| (yes|no) \| /
const ROWS = readFileSync(join(import.meta.dirname, '../../../docs/actions.md'), 'utf-8')
  .split('\n')
  .flatMap((line) => {
    const found = ROW.exec(line)
    return found === null ? [] : [{ id: found[1], risk: found[2], repeatable: found[3] === 'yes' }]
  })

/** An AI's answer is poured into a note by the daemon alone. */
const ELSEWHERE = ['note.draft']

it('has every action of tabs, pages and notes, with its risk and whether it may be repeated', () => {
  const wanted = ROWS.filter(({ id }) => /^(tab|page|note)\./.test(id ?? '') && !ELSEWHERE.includes(id ?? ''))
  const own = [...CATALOGUE.values()].map(({ id, risk, repeatable }) => ({ id, risk, repeatable }))
  const byId = (one: { id?: string | undefined }, other: { id?: string | undefined }) =>
    (one.id ?? '') < (other.id ?? '') ? -1 : 1
  expect(own.sort(byId)).toEqual(wanted.sort(byId))
  expect(wanted).toHaveLength(14)
})

it('has a performer for each, and no performer without a row', () => {
  expect(Object.keys(PERFORMERS).sort()).toEqual([...CATALOGUE.keys()].sort())
})

it('declares notes only while no daemon keeps them', () => {
  expect(declared(false)).toHaveLength(14)
  expect(declared(true).every((id) => /^(tab|page)\./.test(id))).toBe(true)
})

it('asks for full addresses, and for nothing else of a read', () => {
  const list = CATALOGUE.get('tab.list')
  if (list === undefined) throw new Error('it is not there')
  expect(riskOf(list, {})).toBe('read')
  expect(riskOf(list, { addresses: true })).toBe('act')
  expect(riskOf(list, { addresses: 'true' })).toBe('read') // which the action itself refuses
  expect(subjectOf(list, {})).not.toBe(subjectOf(list, { addresses: true }))
})
