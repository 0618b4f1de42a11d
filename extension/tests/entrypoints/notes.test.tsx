// @vitest-environment happy-dom
/** The notes page: read, search, write, change, trash and undo, export, import, hand over; a note can do nothing. */

import 'fake-indexeddb/auto'
import { strToU8, unzipSync, zipSync } from 'fflate'
import { render } from 'preact'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NotesPage } from '../../src/entrypoints/notes/notes.tsx'
import type { Overview } from '../../src/face.ts'
import { newCommandId } from '../../src/notes/clock.ts'
import { NotesRoom } from '../../src/notes/room.ts'
import { Background, button, CONNECTED, found, leave, said, until } from '../ui/stage.ts'

let room: NotesRoom
let rooms = 0

beforeEach(() => {
  rooms += 1
  room = new NotesRoom(`page-${rooms}`)
  history.replaceState(null, '', '/')
})

afterEach(async () => {
  await leave()
  await room.close()
})

function opened(overview: Partial<Overview> = {}, answers = {}): Background {
  const background = new Background({ ...CONNECTED, ...overview }, answers)
  render(<NotesPage room={room} />, document.body)
  return background
}

const make = (title: string, body = '', tags: string[] = []) =>
  room.create({ title, body, folder: '', tags }, newCommandId())

function type(element: HTMLInputElement | HTMLTextAreaElement, text: string): void {
  element.value = text
  element.dispatchEvent(new Event('input', { bubbles: true }))
}

const titles = () => [...document.querySelectorAll('.list b')].map((title) => title.textContent)

/** What was downloaded, by name. */
function downloads(): { name: string; blob: Blob }[] {
  const saved: { name: string; blob: Blob }[] = []
  let last: Blob | null = null
  vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
    last = blob as Blob
    return 'blob:saved'
  })
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    if (last) saved.push({ name: this.download, blob: last })
  })
  return saved
}

describe('reading', () => {
  it('lists the newest first, and shows the one that is chosen', async () => {
    await make('Boats', 'A **sloop** has one mast.', ['sea'])
    await make('Tides', 'Two a day.')
    opened()
    await said('2 notes')
    expect(titles()).toEqual(['Tides', 'Boats'])
    document.querySelectorAll<HTMLElement>('.list button')[1]?.click()
    await said('A sloop has one mast.')
    await said('#sea')
    expect(document.querySelector('main strong')?.textContent).toBe('sloop')
    expect(document.querySelector('[aria-current]')?.textContent).toContain('Boats')
  })

  it('opens the note of its address', async () => {
    await make('Boats', 'A sloop.')
    history.replaceState(null, '', `/#${encodeURIComponent('Boats.md')}`)
    opened()
    await said('A sloop.')
  })

  it('finds words, and shows where', async () => {
    await make('Boats', 'A sloop has one mast.')
    await make('Tides', 'Two a day.')
    opened()
    await said('2 notes')
    type(await found<HTMLInputElement>('#search'), 'mast')
    await said('1 note')
    await until(() => expect(titles()).toEqual(['Boats']))
    expect((await found('mark')).textContent).toBe('mast')
    type(await found<HTMLInputElement>('#search'), 'submarine')
    await said('No note has these words.')
  })

  it('says so when there is none, and when one is gone', async () => {
    opened()
    await said('No notes yet.')
    await leave()
    history.replaceState(null, '', '/#Lost.md')
    opened()
    await said('There is no note')
  })

  it('shows what the background kept meanwhile', async () => {
    const background = opened()
    await said('No notes yet.')
    await make('Tides')
    background.tell({})
    await said('1 note')
  })

  it('does nothing of what a hostile note says', async () => {
    const body =
      '<img src=x onerror=alert(1)>\n\n[x](javascript:alert(1)) ![p](https://evil.example/p.png)\n\n\u202egpj'
    const { path } = await make('<b>T</b>', body)
    history.replaceState(null, '', `/#${encodeURIComponent(path)}`)
    opened()
    await said('⟦U+202E⟧gpj')
    expect(document.querySelector('img, b b, [href^="javascript"]')).toBeNull()
  })
})

describe('writing', () => {
  it('makes a note', async () => {
    opened()
    ;(await found('#new')).click()
    type(await found<HTMLInputElement>('#title'), 'Sails')
    type(await found<HTMLTextAreaElement>('#body'), 'Jib and main.')
    await until(() => expect(document.querySelector('#save')?.getAttribute('aria-disabled')).toBe('false'))
    ;(await found('#save')).click()
    await said('Saved as Sails.md.')
    await said('Jib and main.')
    await until(() => expect(titles()).toEqual(['Sails']))
  })

  it('changes a note, on top of the version that was read', async () => {
    await make('Boats', 'A sloop.')
    history.replaceState(null, '', '/#Boats.md')
    opened()
    ;(await found('#edit')).click()
    type(await found<HTMLTextAreaElement>('#text'), 'A ketch.')
    ;(await found('form')).dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await said('“Boats” is saved.')
    await said('A ketch.')
  })

  it('does not write over what an assistant changed meanwhile, and keeps what was typed', async () => {
    await make('Boats', 'A sloop.')
    history.replaceState(null, '', '/#Boats.md')
    opened()
    ;(await found('#edit')).click()
    await room.append({ path: 'Boats.md', text: 'And a cutter.', heading: null, create: false }, newCommandId())
    const area = await found<HTMLTextAreaElement>('#text')
    type(area, 'A ketch.')
    ;(await found('form')).dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await said('nothing was changed')
    expect(area.value).toBe('A ketch.')
    const { text } = await room.read({ path: 'Boats.md', heading: null, offset: 0, limit: 1_000 })
    expect(text).toContain('And a cutter.')
  })

  it('asks before it leaves unsaved text', async () => {
    const confirm = vi.fn(() => false)
    window.confirm = confirm
    await make('Boats', 'A sloop.')
    await make('Tides')
    history.replaceState(null, '', '/#Boats.md')
    opened()
    ;(await found('#edit')).click()
    type(await found<HTMLTextAreaElement>('#text'), 'A ketch.')
    await until(() => {
      document.querySelector<HTMLElement>('.list button')?.click()
      expect(confirm).toHaveBeenCalled()
    })
    expect(document.querySelector<HTMLTextAreaElement>('#text')?.value).toBe('A ketch.')
  })

  it('puts a note in the trash, and brings it back', async () => {
    await make('Boats', 'A sloop.')
    history.replaceState(null, '', '/#Boats.md')
    opened()
    ;(await found('#trash')).click()
    await said('“Boats” is in the trash.')
    await said('No notes yet.')
    ;(await found('#undo')).click()
    await said('Undone: Boats.md.')
    await said('A sloop.')
  })
})

describe('out and in', () => {
  it('exports one note as its file', async () => {
    const saved = downloads()
    await make('Boats', 'A sloop.')
    history.replaceState(null, '', '/#Boats.md')
    opened()
    ;(await found('#export')).click()
    await until(() => expect(saved).toHaveLength(1))
    expect(saved[0]?.name).toBe('Boats.md')
    expect(await saved[0]?.blob.text()).toMatch(/^---\ntitle: Boats\n[\s\S]*\nA sloop\.\n$/)
  })

  it('exports all as a zip', async () => {
    const saved = downloads()
    await make('Boats', 'A sloop.')
    await make('Tides')
    opened()
    ;(await found('#export-all')).click()
    await until(() => expect(saved).toHaveLength(1))
    const files = unzipSync(new Uint8Array((await saved[0]?.blob.arrayBuffer()) ?? new ArrayBuffer(0)))
    expect(Object.keys(files)).toEqual(['Boats.md', 'Tides.md'])
  })

  it('imports files and zips, and says what was left out and why', async () => {
    opened()
    const picker = await found<HTMLInputElement>('#files')
    const zip = zipSync({ 'a/Sails.md': strToU8('Jib'), '../../evil.md': strToU8('x') })
    const files = [
      new File(['A sloop.'], 'Boats.md'),
      new File([zip as BlobPart], 'more.zip'),
      new File(['x'], 'x.exe'),
    ]
    Object.defineProperty(picker, 'files', { value: files, configurable: true })
    picker.dispatchEvent(new Event('change', { bubbles: true }))
    await said('2 notes were imported.')
    await said('2 files were left out')
    await said('../../evil.md: its path leads outside the notes')
    await said('x.exe: not a Markdown file')
    await until(() => expect(titles().sort()).toEqual(['Boats', 'Sails']))
  })

  it('hands over to the laptop, and says what is left and why', async () => {
    const background = opened(
      {},
      {
        handOver: () => ({
          moved: 2,
          left: 1,
          problem: { code: 'refused', message: 'The person at the laptop refused.' },
        }),
      },
    )
    ;(await button('Hand over to the laptop')).click()
    await said('2 notes are on the laptop now. 1 note is still here. The person at the laptop refused.')
    expect(background.of('handOver')).toHaveLength(1)
  })

  it('offers no hand-over where there is no laptop', async () => {
    opened({ daemon: false })
    await said('No notes yet.')
    expect(document.querySelector('#hand-over')).toBeNull()
  })
})
