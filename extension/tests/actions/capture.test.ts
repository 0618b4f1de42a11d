import { beforeEach, describe, expect, test } from 'vitest'
import type { ActContext, NewNote } from '../../src/actions/context.ts'
import { capturePage } from '../../src/actions/page_capture.ts'
import { NotesRoom } from '../../src/notes/room.ts'
import { Problem } from '../../src/wire.ts'
import { ModelBrowser } from './browser.ts'

const PAGE = {
  url: 'https://example.org/read#part',
  title: 'Why two oars?',
  author: 'Ada: Maritim',
  published: '2026-03-14',
  site: 'The Harbour Letter',
  language: 'en',
  markdown: 'A boat with one oar goes in circles.\n\n- two\n- oars',
}

let browser: ModelBrowser
let saved: NewNote[]

function perform(args: Record<string, unknown> = {}, context: Partial<ActContext> = {}) {
  const save = async (note: NewNote) => {
    saved.push(note)
    return { path: 'Clippings/x.md', where: 'browser' as const }
  }
  const whole = {
    signal: new AbortController().signal,
    commandId: 'cmd_x',
    notes: new NotesRoom('unused'),
    save,
    ...context,
  }
  return capturePage(args, whole)
}

async function failure(args: Record<string, unknown> = {}): Promise<[string, string]> {
  try {
    await perform(args)
  } catch (error) {
    if (error instanceof Problem) return [error.code, error.message]
    throw error
  }
  throw new Error('no problem')
}

/** What the page answers, once the script is in it. */
function answers(outcome: unknown): void {
  browser.script = ({ files }) => (files === undefined ? outcome : undefined)
}

beforeEach(() => {
  saved = []
  browser = new ModelBrowser().install()
  browser.tabs = [
    { id: 11, windowId: 1, active: true, url: 'https://example.org/read', title: 'Why two oars?' },
    { id: 12, windowId: 1, active: false, url: 'https://example.com/', title: 'Other' },
  ]
  answers({ page: PAGE })
})

describe('page.capture', () => {
  test('the page that the person looks at becomes a note with its origin, and text in the answer', async () => {
    expect(await perform()).toEqual({
      title: 'Why two oars?',
      url: 'https://example.org/read#part',
      markdown: PAGE.markdown,
      truncated: false,
      characters: 50,
      note: { path: 'Clippings/x.md', where: 'browser' },
    })
    expect(saved).toHaveLength(1)
    expect(saved[0]).toMatchObject({
      title: 'Why two oars?',
      folder: '',
      tags: [],
      source: 'https://example.org/read#part',
    })
    expect(saved[0]?.body).toMatch(
      /^---\ntitle: "Why two oars\?"\nurl: "https:\/\/example\.org\/read#part"\nauthor: "Ada: Maritim"\npublished: "2026-03-14"\ncaptured_at: "20[^"]+Z"\nsite: The Harbour Letter\nlanguage: en\nwords: 10\n---\n\n# Why two oars\?\n\nA boat with one oar goes in circles\.\n\n- two\n- oars\n$/,
    )
  })

  test('title, folder and tags as wished; the part is asked for', async () => {
    let part: unknown
    browser.script = ({ files, args }) => {
      part = args?.[0]
      return files === undefined ? { page: { ...PAGE, url: 'https://example.com/' } } : undefined
    }
    await perform({ tab_id: 12, part: 'selection', title: 'Mine', folder: 'Sea', tags: ['t'] })
    expect(part).toBe('selection')
    expect(saved[0]).toMatchObject({ title: 'Mine', folder: 'Sea', tags: ['t'] })
    expect(saved[0]?.body).toContain('\npart: selection\n')
  })

  test('when it is not to be kept, nothing is', async () => {
    expect(await perform({ save: false })).toMatchObject({ note: null })
    expect(saved).toEqual([])
  })

  test('a long text is cut in the answer and whole in the note', async () => {
    answers({ page: { ...PAGE, markdown: '🛶'.repeat(70_000) } })
    const answer = await perform()
    expect(Array.from(answer.markdown as string)).toHaveLength(60_000)
    expect(answer).toMatchObject({ truncated: true, characters: 70_000 })
    expect(saved[0]?.body).toContain('🛶'.repeat(70_000))
  })

  test.each([
    ['..', 'example.org'],
    ['\u202e', 'example.org'],
    ['../../etc/passwd', 'example.org'],
    ['a\nb: c --- <b>', 'a b: c --- <b>'],
  ])('a page titled %j gives a note titled %j', async (title, expected) => {
    answers({ page: { ...PAGE, title } })
    await perform()
    expect(saved[0]?.title).toBe(expected)
  })

  test('a title is nothing but text in the heading', async () => {
    answers({ page: { ...PAGE, title: '<script>*x*</script> [a](javascript:b) &lt;' } })
    await perform()
    expect(saved[0]?.body).toContain('\n# &lt;script>\\*x\\*&lt;/script> \\[a\\](javascript:b) &amp;lt;\n')
  })
})

describe('what cannot be captured is told clearly', () => {
  test.each([
    ['chrome://settings/', 'page of the browser itself'],
    ['about:config', 'page of the browser itself'],
    ['moz-extension://abc/x.html', 'of an extension'],
    ['view-source:https://example.org/', 'source of another page'],
    ['file:///home/me/x.html', 'file on this computer'],
    ['https://chromewebstore.google.com/detail/x', 'shop'],
    ['https://addons.mozilla.org/en-US/', 'shop'],
  ])('%s', async (url, words) => {
    browser.tabs = [{ id: 11, windowId: 1, active: true, url }]
    expect(await failure()).toEqual(['page_not_readable', expect.stringContaining(words)])
  })

  test('a tab that sleeps', async () => {
    browser.tabs = [{ id: 11, windowId: 1, active: true, url: 'https://example.org/', discarded: true }]
    expect(await failure()).toEqual(['page_not_readable', expect.stringContaining('sleeps')])
  })

  test.each([
    [
      'Cannot access contents of url "https://x/". Extension manifest must request permission to access this host.',
      'permission_missing',
    ],
    ['Missing host permission for the tab', 'permission_missing'],
    ['The extensions gallery cannot be scripted.', 'page_not_readable'],
    ['No tab with id: 11.', 'tab_not_found'],
    ['Frame with ID 0 was removed.', 'page_changed'],
    ['The tab was closed.', 'page_changed'],
    ['Something new', 'page_not_readable'],
  ])('the browser says %j', async (message, expected) => {
    browser.script = () => {
      throw new Error(message)
    }
    expect((await failure())[0]).toBe(expected)
  })

  test('what the page itself answers: nothing selected, too large', async () => {
    answers({ failure: { code: 'nothing_selected', message: 'Nothing is selected in the page.' } })
    expect(await failure({ part: 'selection' })).toEqual(['nothing_selected', 'Nothing is selected in the page.'])
    answers({ failure: { code: 'page_too_large', message: 'It has more than 4,000,000 characters.' } })
    expect((await failure())[0]).toBe('page_too_large')
  })

  test('a page that goes elsewhere while it is read is not kept', async () => {
    answers({ page: { ...PAGE, url: 'https://evil.example/' } })
    expect((await failure())[0]).toBe('page_changed')
    browser.script = ({ files }) => {
      if (files !== undefined) return undefined
      browser.tabs = [{ id: 11, windowId: 1, active: true, url: 'https://evil.example/' }]
      return { page: PAGE }
    }
    expect((await failure())[0]).toBe('page_changed')
    answers(undefined)
    browser.tabs = [{ id: 11, windowId: 1, active: true, url: 'https://example.org/read' }]
    expect((await failure())[0]).toBe('page_changed')
    expect(saved).toEqual([])
  })

  test.each([
    ['no object', 'hello'],
    ['another shape', { page: { url: 'https://example.org/read', markdown: 'x' } }],
    ['too much', { page: { ...PAGE, markdown: 'x'.repeat(1_000_001) } }],
    ['a code of its own', { failure: { code: 'refused', message: 'x' } }],
    ['no address', { page: { ...PAGE, url: 'nonsense' } }],
  ])('a page in hostile hands that answers with %s is refused', async (_, outcome) => {
    answers(outcome)
    expect(['page_not_readable', 'page_changed']).toContain((await failure())[0])
    expect(saved).toEqual([])
  })

  test('hostile marks in what comes back are gone, and a login in the address', async () => {
    answers({ page: { ...PAGE, url: 'https://u:p@example.org/read', title: 'a\u202eb', markdown: 'x\u202ey\u0000z' } })
    expect(await perform()).toMatchObject({ title: 'ab', markdown: 'xyz', url: 'https://example.org/read' })
  })

  test('a command that is cancelled while the page loads ends at once, and nothing is kept', async () => {
    const end = new AbortController()
    browser.script = () => new Promise(() => undefined)
    const work = perform({}, { signal: end.signal })
    const rejected = expect(work).rejects.toThrow('cancelled')
    end.abort(new Problem('not_cancellable', 'It was cancelled.'))
    await rejected
    expect(saved).toEqual([])
  })

  test('a folder outside the notes is refused before the page is read', async () => {
    let read = false
    browser.script = () => {
      read = true
    }
    expect((await failure({ folder: '../x' }))[0]).toBe('outside_folder')
    expect(read).toBe(false)
  })
})
