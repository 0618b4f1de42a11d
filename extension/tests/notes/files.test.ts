import { strToU8, unzipSync, type Zippable, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { exportAll, exportOne } from '../../src/notes/export.ts'
import { IMPORT_LIMITS, importFiles } from '../../src/notes/import.ts'
import { texts } from './laptop.ts'
import { call, code, id, newRoom } from './rooms.ts'

function zip(files: Record<string, string>): { name: string; bytes: Uint8Array } {
  const entries: Zippable = {}
  for (const [name, text] of Object.entries(files)) entries[name] = strToU8(text)
  return { name: 'notes.zip', bytes: zipSync(entries) }
}

function md(name: string, text: string): { name: string; bytes: Uint8Array } {
  return { name, bytes: strToU8(text) }
}

describe('export', () => {
  test('one note is its file, with front matter', async () => {
    const room = newRoom()
    await call(room, 'create', { title: 'Böat', body: 'x', folder: 'Ideas' })
    const file = await exportOne(room, 'ideas/böat')
    expect(file.name).toBe('Böat.md')
    expect(file.text).toMatch(/^---\ntitle: "Böat"\n[\s\S]*---\nx\n$/)
    expect(await code(exportOne(room, 'none'))).toBe('note_not_found')
  })

  test('all notes are a zip of the same bytes, in whatever order and zone they were written', async () => {
    const zone = process.env.TZ
    const contents = [
      ['B.md', '# b\n'],
      ['Ideas/Ä.md', 'ä\n'],
      ['A.md', 'a\n'],
    ] as const
    const made: Uint8Array[] = []
    for (const [order, tz] of [
      [[0, 1, 2], 'UTC'],
      [[2, 0, 1], 'Asia/Tokyo'],
    ] as const) {
      process.env.TZ = tz
      const room = newRoom()
      for (const n of order) {
        const [path, text] = contents[n] ?? contents[0]
        await room.place(await room.database(), path, text, 'create', id())
      }
      made.push(await exportAll(room))
    }
    process.env.TZ = zone
    expect(made[1]).toEqual(made[0])
    const files = unzipSync(made[0] ?? new Uint8Array())
    expect(Object.keys(files)).toEqual(['A.md', 'B.md', 'Ideas/Ä.md'])
    expect(new TextDecoder().decode(files['Ideas/Ä.md'])).toBe('ä\n')
  })

  test('what was exported comes back as it was', async () => {
    const [room, other] = [newRoom(), newRoom()]
    await call(room, 'create', { title: 'A', body: 'x', tags: ['t'], folder: 'Ideas/Sea' })
    await call(room, 'create', { title: 'B: c', body: '# b' })
    const bytes = await exportAll(room)
    const report = await importFiles(other, [{ name: 'all.ZIP', bytes }])
    expect(report).toEqual({ made: ['B c.md', 'Ideas/Sea/A.md'], same: 0, skipped: [] })
    expect(await exportAll(other)).toEqual(bytes)
    expect(await call(other, 'read', { path: 'B c' })).toMatchObject({ title: 'B: c' })
    expect(await importFiles(other, [{ name: 'all.zip', bytes }])).toEqual({ made: [], same: 2, skipped: [] })
  })
})

describe('import', () => {
  test('a file whose name is taken comes beside it and can be undone', async () => {
    const room = newRoom()
    await room.place(await room.database(), 'A.md', 'mine\n', 'create', id())
    expect(await importFiles(room, [md('a.md', 'theirs\n')])).toMatchObject({ made: ['a 2.md'] })
    expect(await texts(room)).toEqual({ 'A.md': 'mine\n', 'a 2.md': 'theirs\n' })
    expect(await call(room, 'undo', {})).toMatchObject({ path: 'a 2.md', undone: 'create' })
  })

  test('nothing leaves the notes, hides among them or has a name that a system refuses', async () => {
    const room = newRoom()
    const report = await importFiles(room, [
      zip({
        '../up.md': 'x',
        'a/../../b.md': 'x',
        '/etc/cron.md': 'x',
        'C:\\win.md': 'x',
        '..\\..\\up.md': 'x',
        '.obsidian/plugins/x.md': 'x',
        '__MACOSX/._x.md': 'x',
        'run.exe': 'x',
        'con.md': 'x',
        'fol:der/a<b>.md': 'x',
        '\u202e/x.md': 'x',
      }),
    ])
    expect(report.made.sort()).toEqual(['_con.md', 'fol-der/ab.md'])
    expect(Object.fromEntries(report.skipped.map(({ name, why }) => [name, why]))).toEqual({
      '../up.md': 'outside',
      'a/../../b.md': 'outside',
      '/etc/cron.md': 'outside',
      'C:\\win.md': 'outside',
      '..\\..\\up.md': 'outside',
      '.obsidian/plugins/x.md': 'hidden',
      '__MACOSX/._x.md': 'hidden',
      'run.exe': 'not_a_note',
      '\u202e/x.md': 'bad_name',
    })
  })

  test('bytes that are no text, and zips that are none, are named', async () => {
    const room = newRoom()
    const report = await importFiles(room, [
      { name: 'latin.md', bytes: Uint8Array.of(0x66, 0xfc, 0x72) },
      { name: 'noise.zip', bytes: strToU8('no zip at all') },
      { name: 'cut.zip', bytes: zip({ 'a.md': 'x'.repeat(5_000) }).bytes.subarray(0, 40) },
      md('bom.md', '\ufefftext'),
    ])
    expect(report.skipped.map(({ name, why }) => [name, why])).toEqual([
      ['latin.md', 'not_text'],
      ['noise.zip', 'broken_zip'],
      ['cut.zip', 'broken_zip'],
    ])
    expect(await texts(room)).toEqual({ 'bom.md': 'text' })
  })

  test('a zip bomb is stopped where it passes what may come out, whatever it says of its size', async () => {
    const room = newRoom()
    const bytes = zipSync(
      { 'ok.md': strToU8('fine'), 'bomb.md': new Uint8Array(21_000_000), 'late.md': strToU8('late') },
      { level: 1 },
    )
    expect(bytes.length).toBeLessThan(1_000_000)
    expect(await importFiles(room, [{ name: 'b.zip', bytes }])).toMatchObject({
      made: ['ok.md', 'late.md'],
      skipped: [{ name: 'bomb.md', why: 'too_large' }],
    })
    const many = await importFiles(newRoom(), [{ name: 'b.zip', bytes }], { ...IMPORT_LIMITS, bytes: 1_000_000 })
    expect(many).toMatchObject({ made: ['ok.md'], skipped: [{ name: 'b.zip', why: 'too_large' }] })
  }, 30_000)

  test('more files than may come are left out, and told', async () => {
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`n${n}.md`, 'x']))
    const report = await importFiles(newRoom(), [zip(files), md('one.md', 'x')], { ...IMPORT_LIMITS, files: 10 })
    expect(report.made).toHaveLength(10)
    expect(report.skipped.map(({ why }) => why)).toEqual(['too_many', 'too_many'])
  })
})
