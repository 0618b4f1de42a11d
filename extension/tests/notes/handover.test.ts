import { describe, expect, test } from 'vitest'
import { Handover } from '../../src/notes/handover.ts'
import { keep } from '../../src/notes/keeping.ts'
import { pieces } from '../../src/notes/pieces.ts'
import { NotesRoom } from '../../src/notes/room.ts'
import { Problem } from '../../src/wire.ts'
import { Killed, TestLaptop, texts } from './laptop.ts'
import { call, code, id, newRoom } from './rooms.ts'

const LONG = 'A paragraph of a long note, with words enough to fill it.\n\n'.repeat(1_500).trimEnd().concat('\n')

async function filled(): Promise<NotesRoom> {
  const room = newRoom()
  await call(room, 'create', { title: 'Boat: plans', body: '# Oars\n\n- two', tags: ['sea'], folder: 'Ideas' })
  await call(room, 'create', { title: 'Second', body: 'text' })
  const db = await room.database()
  await room.place(db, 'Long.md', LONG, 'create', id())
  return room
}

describe('the hand-over', () => {
  test('every note goes with its folder, name, tags, creation and text, and leaves', async () => {
    const [room, laptop] = [await filled(), new TestLaptop(newRoom())]
    const before = await texts(room)
    const created = /created: .*/.exec((await (await room.database()).get('texts', 'ideas/boat plans.md')) ?? '')?.[0]
    expect(await new Handover(room, laptop).run()).toEqual({ moved: 3, left: 0, waiting: false, problem: null })
    expect(await texts(laptop.room)).toEqual(before)
    expect(await room.sizes()).toEqual({ notes: 0, trash: 0 })
    expect(await call(room, 'search', { query: 'oars' })).toMatchObject({ total: 0 })
    expect(await call(laptop.room, 'read', { path: 'Ideas/Boat plans' })).toMatchObject({
      title: 'Boat: plans',
      tags: ['sea'],
    })
    expect(await (await laptop.room.database()).get('texts', 'ideas/boat plans.md')).toContain(created)
  })

  test('a name that is taken keeps both notes, ours under a number', async () => {
    const [room, laptop] = [await filled(), new TestLaptop(newRoom())]
    await call(laptop.room, 'create', { title: 'Second', body: 'theirs' })
    await call(laptop.room, 'create', { title: 'Second 2', body: 'theirs too' })
    expect(await new Handover(room, laptop).run()).toMatchObject({ moved: 3, left: 0 })
    expect(await texts(laptop.room)).toMatchObject({
      'Second.md': 'theirs\n',
      'Second 2.md': 'theirs too\n',
      'Second 3.md': 'text\n',
    })
  })

  test('a note that is there already with the same text comes no second time', async () => {
    const [room, laptop] = [newRoom(), new TestLaptop(newRoom())]
    await call(room, 'create', { title: 'Second', body: 'text' })
    await call(laptop.room, 'create', { title: 'Second', body: 'text' })
    expect(await new Handover(room, laptop).run()).toMatchObject({ moved: 1 })
    expect(await texts(laptop.room)).toEqual({ 'Second.md': 'text\n' })
  })

  test('a kill at any step of the database or the network loses nothing and doubles nothing', async () => {
    let survived = 0
    let at = 1
    for (; survived < 1; at += 1) {
      const [room, laptop] = [await filled(), new TestLaptop(newRoom())]
      const before = await texts(room)
      let steps = 0
      const step = () => {
        steps += 1
        if (steps === at) throw new Killed()
      }
      laptop.fault = step
      try {
        await new Handover(killable(room, step), laptop).run()
        survived += 1
      } catch (error) {
        if (!(error instanceof Killed)) throw error
      }
      laptop.fault = () => undefined
      const { name } = await room.database()
      expect(await new Handover(new NotesRoom(name), laptop).run()).toMatchObject({ left: 0, problem: null })
      expect([at, await texts(laptop.room)]).toEqual([at, before])
    }
    expect(at).toBeGreaterThan(30)
  }, 60_000)

  test('a request whose answer is lost is asked again under the same key, with the same body', async () => {
    const [room, laptop] = [newRoom(), new TestLaptop(newRoom())]
    const note = id()
    await call(room, 'create', { title: 'A', body: 'x' }, note)
    laptop.fault = (after) => {
      if (after) throw new Problem('relay_unreachable', 'The network is gone.')
    }
    const handover = new Handover(room, laptop)
    expect(await handover.run()).toMatchObject({ moved: 0, left: 1, problem: { code: 'relay_unreachable' } })
    laptop.fault = () => undefined
    expect(await handover.run()).toMatchObject({ moved: 1, left: 0 })
    expect(laptop.asked.map(({ key }) => key)).toEqual([note, note])
    expect(laptop.asked[1]?.args).toEqual(laptop.asked[0]?.args)
    expect(await texts(laptop.room)).toEqual({ 'A.md': 'x\n' })
  })

  test('a note that is changed while it crosses stays until its new text has arrived too', async () => {
    const [room, laptop] = [newRoom(), new TestLaptop(newRoom())]
    await call(room, 'create', { title: 'A', body: 'old' })
    laptop.answer = () => ({ status: 'queued', output: null })
    const handover = new Handover(room, laptop)
    expect(await handover.run()).toEqual({ moved: 0, left: 1, waiting: true, problem: null })
    await call(room, 'append', { path: 'A', text: 'new' })
    laptop.answer = () => undefined
    expect(await handover.run()).toMatchObject({ moved: 1, left: 0 })
    expect(await texts(laptop.room)).toEqual({ 'A.md': 'old\n', 'A 2.md': 'old\n\nnew\n' })
  })

  test('what the person refused is not asked again by itself, only when they say so', async () => {
    const [room, laptop] = [newRoom(), new TestLaptop(newRoom())]
    await call(room, 'create', { title: 'A', body: 'x' })
    laptop.answer = () => ({ status: 'refused', output: null, error: { code: 'refused', message: 'No.' } })
    const handover = new Handover(room, laptop)
    expect(await handover.run()).toMatchObject({ moved: 0, left: 1, problem: { code: 'refused' } })
    expect(await handover.run()).toMatchObject({ moved: 0, left: 1, problem: { code: 'refused' } })
    expect(laptop.asked).toHaveLength(1)
    laptop.answer = () => undefined
    expect(await handover.run({ again: true })).toMatchObject({ moved: 1, left: 0 })
  })

  test.each(['expired', 'cancelled'] as const)(
    'a command that %s unseen is sent anew under another key',
    async (status) => {
      const [room, laptop] = [newRoom(), new TestLaptop(newRoom())]
      await call(room, 'create', { title: 'A', body: 'x' })
      laptop.answer = (n) => (n === 1 ? { status, output: null, error: null } : undefined)
      const handover = new Handover(room, laptop)
      expect(await handover.run()).toMatchObject({ left: 1, problem: { code: status } })
      expect(await handover.run()).toMatchObject({ moved: 1, left: 0 })
      expect(new Set(laptop.asked.map(({ key }) => key)).size).toBe(2)
    },
  )

  test('a long note whose half was deleted on the laptop starts again from its beginning', async () => {
    const [room, laptop] = [newRoom(), new TestLaptop(newRoom())]
    await room.place(await room.database(), 'Long.md', LONG, 'create', id())
    laptop.fault = () => {
      if (laptop.asked.length === 2) throw new Problem('relay_unreachable', 'gone')
    }
    const handover = new Handover(room, laptop)
    await handover.run()
    laptop.fault = () => undefined
    await call(laptop.room, 'trash', { path: 'Long' })
    expect(await handover.run()).toMatchObject({ left: 1, problem: { code: 'note_not_found' } })
    expect(await handover.run()).toMatchObject({ moved: 1, left: 0 })
    expect(await texts(laptop.room)).toEqual({ 'Long.md': LONG })
  })
})

describe('pieces', () => {
  test('appended in their order they are the same text again, and each fits', async () => {
    const [room, laptop] = [newRoom(), new TestLaptop(newRoom())]
    const list = `- a\n\n${'- item\n\n'.repeat(20_000)}\n\n\n# Heading\n\n\`\`\`\n${'code\n\n'.repeat(9_000)}\`\`\`\n`
    await room.place(await room.database(), 'List.md', list, 'create', id())
    await new Handover(room, laptop).run()
    expect(laptop.asked.length).toBeGreaterThan(2)
    expect(await texts(laptop.room)).toEqual({ 'List.md': list })
  })

  test.each([['one line'.repeat(30_000)], ['line\n'.repeat(40_000)], ['🛶'.repeat(100_000)]])(
    'where there is no empty line (%#) nothing but such lines is added',
    (text) => {
      const cut = pieces(text)
      expect(cut.join('')).toBe(text)
      for (const piece of cut) expect(Array.from(piece).length).toBeLessThanOrEqual(90_000)
      expect(cut.some((piece) => /[\ud800-\udbff]$/.test(piece))).toBe(false)
    },
  )
})

describe('keeping a note', () => {
  const NOTE = { title: 'Why: oars?', body: 'Text', tags: ['sea'], folder: 'Clippings', source: 'https://x.example/' }

  test('without a daemon it is in the browser, once', async () => {
    const [room, command] = [newRoom(), id()]
    const saved = await keep(room, null, NOTE, command)
    expect(saved).toEqual({ path: 'Clippings/Why oars.md', where: 'browser' })
    expect(await keep(room, null, NOTE, command)).toEqual(saved)
    expect(await keep(room, null, NOTE, id())).toEqual({ path: 'Clippings/Why oars 2.md', where: 'browser' })
    expect(await (await room.database()).get('texts', 'clippings/why oars.md')).toMatch(
      /^---\nurl: "https:\/\/x\.example\/"\ntitle: "Why: oars\?"\ntags:\n {2}- sea\ncreated: .*\ndeskbell:\n {2}command: cmd_.*\n---\nText\n$/,
    )
  })

  test('with one it is on the laptop, and answers so again', async () => {
    const [room, laptop, command] = [newRoom(), new TestLaptop(newRoom()), id()]
    await call(laptop.room, 'create', { title: 'Why: oars?', folder: 'Clippings' })
    const handover = new Handover(room, laptop)
    const saved = { path: 'Clippings/Why oars 2.md', where: 'laptop' }
    expect(await keep(room, handover, NOTE, command)).toEqual(saved)
    expect(await keep(room, handover, NOTE, command)).toEqual(saved)
    expect(await room.sizes()).toEqual({ notes: 0, trash: 0 })
  })

  test('while the laptop sleeps it is in the browser, and crosses later, once', async () => {
    const [room, laptop] = [newRoom(), new TestLaptop(newRoom())]
    laptop.answer = () => ({ status: 'queued', output: null })
    const handover = new Handover(room, laptop)
    expect(await keep(room, handover, NOTE, id())).toEqual({ path: 'Clippings/Why oars.md', where: 'browser' })
    laptop.answer = () => undefined
    await handover.run()
    expect(Object.keys(await texts(laptop.room))).toEqual(['Clippings/Why oars.md'])
    expect(await code(call(room, 'read', { path: 'Clippings/Why oars' }))).toBe('note_not_found')
  })
})

/** A room whose every transaction first passes `step`. */
function killable(room: NotesRoom, step: () => void): NotesRoom {
  const database = room.database.bind(room)
  room.database = async () => {
    const db = await database()
    return new Proxy(db, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          step()
          return value.apply(target, args)
        }
      },
    })
  }
  return room
}
