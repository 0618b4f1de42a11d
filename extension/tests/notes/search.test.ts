import { beforeAll, describe, expect, test } from 'vitest'
import type { NotesRoom } from '../../src/notes/room.ts'
import { call, newRoom } from './rooms.ts'

let room: NotesRoom

async function found(query: string, more: Record<string, unknown> = {}): Promise<string[]> {
  const { hits } = await call(room, 'search', { query, ...more })
  return (hits as { path: string }[]).map((hit) => hit.path)
}

describe('search', () => {
  beforeAll(async () => {
    room = newRoom()
    await call(room, 'create', { title: 'Oars', body: 'How to buy two oars of ash, not of oak.', tags: ['Sea'] })
    await call(room, 'create', {
      title: 'Ferry',
      body: 'Die Fähre „Möwe“ fährt wieder. Two oars are on board.',
      folder: 'Nord',
    })
    await call(room, 'create', { title: 'Long', body: `${'word '.repeat(400)}needle in the hay${' word'.repeat(400)}` })
    await call(room, 'create', { title: 'Cafe\u0301', body: 'naïve 東京 text, 3.14' })
  })

  test.each<[string, string[]]>([
    ['oars', ['Oars.md', 'Nord/Ferry.md']],
    ['OAR', ['Oars.md', 'Nord/Ferry.md']],
    ['fahre', ['Nord/Ferry.md']],
    ['MÖWE', ['Nord/Ferry.md']],
    ['café', ['Café.md']],
    ['cafe naive', ['Café.md']],
    ['東', ['Café.md']],
    ['3.14', ['Café.md']],
    ['"two oars"', ['Nord/Ferry.md', 'Oars.md']],
    ['"oars two"', []],
    ['oars -oak', ['Nord/Ferry.md']],
    ['oars -"on board"', ['Oars.md']],
    ['-oars', ['Café.md', 'Long.md']],
    ['oars nothing', []],
    ['!!! ***', []],
    ['" OR 1=1 --', []],
  ])('%s finds %j', async (query, paths) => {
    expect((await found(query)).sort()).toEqual([...paths].sort())
  })

  test('a title weighs more than a text', async () => {
    expect(await found('oars')).toEqual(['Oars.md', 'Nord/Ferry.md'])
  })

  test('within a folder, with a tag', async () => {
    expect(await found('oars', { folder: 'nord' })).toEqual(['Nord/Ferry.md'])
    expect(await found('oars', { tag: '#sea' })).toEqual(['Oars.md'])
  })

  test('the place that matches is shown and marked', async () => {
    const { hits, total } = await call(room, 'search', { query: 'needle' })
    expect(total).toBe(1)
    expect((hits as { snippet: string }[])[0]?.snippet).toMatch(/^…(word )+\*\*needle\*\* in the hay (word ?)+…$/)
    const [first] = (await call(room, 'search', { query: 'fahre' })).hits as { snippet: string }[]
    expect(first?.snippet).toBe('Die **Fähre** „Möwe“ fährt wieder. Two oars are on board.')
  })

  test('words that are gone are not found any more', async () => {
    const own = newRoom()
    const { version } = await call(own, 'create', { title: 'A', body: 'alpha beta' })
    await call(own, 'edit', { path: 'A', version, find: 'alpha', replacement: 'gamma' })
    expect(await call(own, 'search', { query: 'alpha' })).toMatchObject({ total: 0 })
    expect(await call(own, 'search', { query: 'gamma beta' })).toMatchObject({ total: 1 })
    expect(await (await own.database()).count('postings')).toBe(3)
  })
})
