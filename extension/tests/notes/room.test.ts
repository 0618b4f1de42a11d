import { describe, expect, test } from 'vitest'
import { write } from '../../src/notes/database.ts'
import { prune } from '../../src/notes/pruning.ts'
import { NotesRoom } from '../../src/notes/room.ts'
import { call, code, id, newRoom } from './rooms.ts'

describe('create', () => {
  test('a note has front matter, a version, and is read as it was written', async () => {
    const room = newRoom()
    const command = id()
    const made = await call(
      room,
      'create',
      { title: 'Boat: plans?', body: '# Oars\n\n- two 🛶', tags: ['sea', 'sea'], folder: 'Ideas' },
      command,
    )
    expect(made).toMatchObject({ path: 'Ideas/Boat plans.md', title: 'Boat: plans?', created: true, characters: 16 })
    const read = await call(room, 'read', { path: 'ideas/boat plans' })
    expect(read).toMatchObject({
      text: '# Oars\n\n- two 🛶\n',
      headings: ['Oars'],
      tags: ['sea'],
      version: made.version,
      next_offset: null,
    })
    const db = await room.database()
    expect(await db.get('texts', 'ideas/boat plans.md')).toMatch(
      new RegExp(
        `^---\ntitle: "Boat: plans\\?"\ntags:\n {2}- sea\ncreated: 20[^\n]+Z\ndeskbell:\n {2}command: ${command}\n---\n# Oars`,
      ),
    )
  })

  test('the same command twice makes one note and answers the same', async () => {
    const room = newRoom()
    const command = id()
    const [one, two] = await Promise.all([
      call(room, 'create', { title: 'A' }, command),
      call(room, 'create', { title: 'A' }, command),
    ])
    expect(two).toEqual(one)
    expect(await call(room, 'create', { title: 'Another' }, command)).toEqual(one)
    expect(await room.sizes()).toEqual({ notes: 1, trash: 0 })
  })

  test('a name that is taken, in any case, is not written over', async () => {
    const room = newRoom()
    await call(room, 'create', { title: 'Über', body: 'first' })
    expect(await code(call(room, 'create', { title: 'U\u0308BER' }))).toBe('name_taken')
    expect(await call(room, 'read', { path: 'über.md' })).toMatchObject({ text: 'first\n' })
  })

  test('a folder that is there in another case is used as it is written', async () => {
    const room = newRoom()
    await call(room, 'create', { title: 'A', folder: 'Ideas/Sea' })
    expect(await call(room, 'create', { title: 'B', folder: 'ideas/SEA/New? one' })).toMatchObject({
      path: 'Ideas/Sea/New one/B.md',
    })
  })

  test.each([
    ['../up', 'unsafe_name'],
    ['...', 'unsafe_name'],
    ['\u200b', 'unsafe_name'],
  ])('the title %j is refused', async (title, expected) => {
    expect(await code(call(newRoom(), 'create', { title }))).toBe(expected)
  })

  test.each([
    [{ title: 'A', folder: '../x' }, 'outside_folder'],
    [{ title: 'A', folder: '/etc' }, 'outside_folder'],
    [{ title: 'A', folder: '.git' }, 'unsafe_name'],
    [{ title: '' }, 'invalid_arguments'],
    [{ title: 'A', colour: 'red' }, 'invalid_arguments'],
    [{ title: 'A', body: 5 }, 'invalid_arguments'],
  ])('%j is refused with %s', async (args, expected) => {
    expect(await code(async () => call(newRoom(), 'create', args))).toBe(expected)
  })

  test('a body may have 90,000 characters, and not one more', async () => {
    const room = newRoom()
    expect(await call(room, 'create', { title: 'A', body: '🛶'.repeat(90_000) })).toMatchObject({ characters: 90_001 })
    expect(await code(async () => call(room, 'create', { title: 'B', body: '🛶'.repeat(90_001) }))).toBe(
      'invalid_arguments',
    )
  })

  test('a body with front matter of its own keeps its keys and order', async () => {
    const room = newRoom()
    await call(room, 'create', {
      title: 'T',
      body: '---\nurl: https://x.example # here\ntags: [a, "b c"]\n---\nText',
      tags: ['d'],
    })
    const text = await (await room.database()).get('texts', 't.md')
    expect(text).toMatch(
      /^---\nurl: https:\/\/x\.example # here\ntags:\n {2}- a\n {2}- b c\n {2}- d\ntitle: T\ncreated: .*\ndeskbell:\n {2}command: cmd_.*\n---\nText\n$/,
    )
  })
})

describe('append and edit', () => {
  test('appends land at the end, in a list, or under a heading', async () => {
    const room = newRoom()
    await call(room, 'create', { title: 'A', body: '# One\n\n- a\n\n# Two\n\ntext' })
    await call(room, 'append', { path: 'A', text: '- b', heading: 'one' })
    await call(room, 'append', { path: 'A', text: 'end' })
    expect(await call(room, 'read', { path: 'A' })).toMatchObject({
      text: '# One\n\n- a\n- b\n\n# Two\n\ntext\n\nend\n',
    })
  })

  test('twenty appends at once are all there, none twice', async () => {
    const room = newRoom()
    await call(room, 'create', { title: 'A', body: '- 0' })
    const commands = Array.from({ length: 4 }, (_, n) => [id(), n + 1] as const)
    await Promise.all(
      [...commands, ...commands].map(([command, n]) => call(room, 'append', { path: 'A', text: `- ${n}` }, command)),
    )
    const { text } = await call(room, 'read', { path: 'A' })
    expect(String(text).trim().split('\n').sort()).toEqual(['- 0', '- 1', '- 2', '- 3', '- 4'])
  })

  test('an append may make the note, under its heading', async () => {
    const room = newRoom()
    expect(await code(call(room, 'append', { path: 'Log', text: 'x' }))).toBe('note_not_found')
    expect(await call(room, 'append', { path: 'Log', text: 'x', heading: '## Day', create: true })).toMatchObject({
      path: 'Log.md',
      created: true,
    })
    expect(await call(room, 'read', { path: 'Log' })).toMatchObject({ text: '## Day\n\nx\n' })
  })

  test('an edit needs the version that was read', async () => {
    const room = newRoom()
    const { version } = await call(room, 'create', { title: 'A', body: 'one two' })
    const edited = await call(room, 'edit', { path: 'A', version, find: 'two', replacement: 'three' })
    expect(await code(call(room, 'edit', { path: 'A', version, find: 'one', replacement: 'x' }))).toBe(
      'version_conflict',
    )
    expect(await call(room, 'read', { path: 'A' })).toMatchObject({ text: 'one three\n', version: edited.version })
    expect(await code(call(room, 'edit', { path: 'A', version: edited.version, find: 'four', replacement: '' }))).toBe(
      'text_not_found',
    )
    expect(await code(async () => call(room, 'edit', { path: 'A', version, replacement: '' }))).toBe(
      'invalid_arguments',
    )
  })

  test('an edit leaves the front matter as it is', async () => {
    const room = newRoom()
    const { version } = await call(room, 'create', { title: 'A', body: 'created: no' })
    await call(room, 'edit', { path: 'A', version, find: 'created', replacement: 'made' })
    expect(await (await room.database()).get('texts', 'a.md')).toMatch(
      /^---\ntitle: A\ncreated: [\s\S]*---\nmade: no\n$/,
    )
  })

  test('the page replaces the whole text below the front matter', async () => {
    const room = newRoom()
    const { version } = await call(room, 'create', { title: 'A', body: 'old', tags: ['t'] })
    const ref = await room.replace('A.md', String(version), 'new', id())
    expect(await call(room, 'read', { path: 'A' })).toMatchObject({ text: 'new\n', tags: ['t'], version: ref.version })
    expect(await code(room.replace('A.md', String(version), 'newer', id()))).toBe('version_conflict')
  })
})

describe('read and list', () => {
  test('a part is counted in characters, not in units', async () => {
    const room = newRoom()
    await call(room, 'create', { title: 'A', body: '🛶🛶x🛶' })
    expect(await call(room, 'read', { path: 'A', offset: 1, limit: 2 })).toMatchObject({
      text: '🛶x',
      next_offset: 3,
      characters: 5,
    })
  })

  test('pages of a list hold every note once, while others come', async () => {
    const room = newRoom()
    for (let n = 0; n < 7; n += 1) await call(room, 'create', { title: `N${n}`, folder: n % 2 ? 'odd' : '' })
    const seen: unknown[] = []
    let page: unknown = null
    do {
      const list = await call(room, 'list', { limit: 3, page })
      seen.push(...(list.notes as { path: string }[]).map((note) => note.path))
      page = list.next_page
      await call(room, 'create', { title: `later ${seen.length}` })
    } while (page !== null)
    expect(seen).toEqual(['N6.md', 'odd/N5.md', 'N4.md', 'odd/N3.md', 'N2.md', 'odd/N1.md', 'N0.md'])
    expect(await call(room, 'list', { folder: 'ODD' })).toMatchObject({ total: 3 })
    expect(await code(call(room, 'list', { folder: 'none' }))).toBe('note_not_found')
    expect(await code(call(room, 'list', { page: 'bm9uc2Vuc2U' }))).toBe('invalid_arguments')
  })
})

describe('trash and undo', () => {
  test('a trashed note is gone from sight and comes back whole', async () => {
    const room = newRoom()
    const made = await call(room, 'create', { title: 'A', body: 'keep' })
    const trashed = await call(room, 'trash', { path: 'a.md', version: made.version })
    expect(trashed).toMatchObject({ path: 'A.md', title: 'A', trashed_as: expect.stringMatching(/^A\.cmd_.*\.md$/) })
    expect(await code(call(room, 'read', { path: 'A' }))).toBe('note_not_found')
    expect(await call(room, 'search', { query: 'keep' })).toMatchObject({ total: 0 })
    expect(await call(room, 'undo', {})).toEqual({ path: 'A.md', title: 'A', undone: 'trash', version: made.version })
    expect(await call(room, 'search', { query: 'keep' })).toMatchObject({ total: 1 })
  })

  test('when its name was taken meanwhile it comes back beside it', async () => {
    const room = newRoom()
    const command = id()
    await call(room, 'create', { title: 'A', body: 'one' })
    await call(room, 'trash', { path: 'A' }, command)
    await call(room, 'create', { title: 'A', body: 'two' })
    expect(await call(room, 'undo', { command_id: command })).toMatchObject({ path: 'A 2.md' })
    await call(room, 'append', { path: 'A 2', text: 'x' })
    expect(await call(room, 'undo', { path: 'A 2.md' })).toMatchObject({ undone: 'append', path: 'A 2.md' })
  })

  test('undo takes back an edit, undo of that undo does it again', async () => {
    const room = newRoom()
    const [edit, undo, redo] = [id(), id(), id()]
    const { version } = await call(room, 'create', { title: 'A', body: 'one' })
    const edited = await call(room, 'edit', { path: 'A', version, find: 'one', replacement: 'two' }, edit)
    expect(await call(room, 'undo', { command_id: edit }, undo)).toMatchObject({ undone: 'edit', version })
    expect(await code(call(room, 'undo', { command_id: edit }))).toBe('nothing_to_undo')
    expect(await call(room, 'undo', { command_id: undo }, redo)).toMatchObject({
      undone: 'undo',
      version: edited.version,
    })
    expect(await call(room, 'undo', { command_id: edit })).toMatchObject({ undone: 'edit', version })
    expect(await call(room, 'undo', { command_id: undo }, undo)).toMatchObject({ undone: 'edit' })
  })

  test('undo of a create puts the note in the trash, with what was added since', async () => {
    const room = newRoom()
    const [create, undo] = [id(), id()]
    await call(room, 'create', { title: 'A', body: 'one' }, create)
    await call(room, 'append', { path: 'A', text: 'two' })
    expect(await call(room, 'undo', { command_id: create }, undo)).toMatchObject({ undone: 'create', version: null })
    await call(room, 'undo', { command_id: undo })
    expect(await call(room, 'read', { path: 'A' })).toMatchObject({ text: 'one\n\ntwo\n' })
  })

  test('an edit under a later one is not undone over it', async () => {
    const room = newRoom()
    const append = id()
    await call(room, 'create', { title: 'A', body: 'one' })
    await call(room, 'append', { path: 'A', text: 'two' }, append)
    await call(room, 'append', { path: 'A', text: 'three' })
    expect(await code(call(room, 'undo', { command_id: append }))).toBe('version_conflict')
    await call(room, 'undo', { path: 'A' })
    await call(room, 'undo', { path: 'A' })
    expect(await call(room, 'read', { path: 'A' })).toMatchObject({ text: 'one\n' })
    expect(await code(call(newRoom(), 'undo', {}))).toBe('nothing_to_undo')
  })
})

describe('the database', () => {
  test('a change that fails in its middle leaves nothing behind', async () => {
    const room = newRoom()
    await call(room, 'create', { title: 'A', body: 'one' })
    const db = await room.database()
    const work = write(db, async (tx) => {
      await tx.objectStore('texts').put('half', 'a.md')
      throw new DOMException('no room', 'QuotaExceededError')
    })
    expect(await code(work)).toBe('disk_full')
    expect(await call(room, 'read', { path: 'A' })).toMatchObject({ text: 'one\n' })
  })

  test('another room on the same database sees it all, and a closed one opens again', async () => {
    const room = newRoom()
    await call(room, 'create', { title: 'A', body: 'one' })
    await room.close()
    expect(await call(room, 'read', { path: 'A' })).toMatchObject({ text: 'one\n' })
    const { name } = await room.database()
    expect(await call(new NotesRoom(name), 'list', {})).toMatchObject({ total: 1 })
  })

  test('old versions are forgotten, the notes and the newest versions stay', async () => {
    const room = newRoom()
    await call(room, 'create', { title: 'A', body: '0' })
    const commands = Array.from({ length: 6 }, id)
    for (const command of commands) await call(room, 'append', { path: 'A', text: 'x' }, command)
    const db = await room.database()
    await prune(db, Date.now() * 1_000, 2)
    expect(await db.count('versions')).toBe(2)
    await call(room, 'undo', { command_id: commands[5] })
    await prune(db, Date.now() * 1_000 + 91 * 86_400_000_000)
    expect([await db.count('changes'), await db.count('versions'), await db.count('notes')]).toEqual([0, 0, 1])
  })
})
