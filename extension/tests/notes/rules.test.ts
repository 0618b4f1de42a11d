// The rules that the daemon keeps too: tests/daemon/notes/test_same_in_the_browser.py reads the same file.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Document } from '../../src/notes/document.ts'
import { newNote } from '../../src/notes/front_matter.ts'
import * as names from '../../src/notes/names.ts'
import { headings } from '../../src/notes/sections.ts'
import { Problem } from '../../src/wire.ts'

type Case = [given: unknown[], expected: unknown]

const RULES = JSON.parse(readFileSync(join(import.meta.dirname, 'rules.json'), 'utf8')) as Record<string, Case[]>
const CREATED = '2026-11-24T13:52:35.123456Z'
const COMMAND = 'cmd_01932c07-5a00-7000-8000-000000000001'

async function meta(content: string) {
  const document = await Document.of('Note.md', content)
  const { title, tags, command } = document.block.meta
  const found = headings(document.content, document.block.headingsAt).map((each) => [each.level, each.title])
  return { title, tags, command, text: document.text, headings: found }
}

const note = (content: string) => Document.of('Note.md', content)

// biome-ignore lint/suspicious/noExplicitAny: the arguments are those of the file
const ANSWERS: Record<string, (...given: any[]) => unknown> = {
  file_name: names.fileName,
  folder_name: names.folderName,
  note_path: names.notePath,
  folder_path: names.folderPath,
  display: names.display,
  numbered: names.numbered,
  meta,
  append: async (content, text, heading) => (await note(content)).withAddition(text, heading),
  section: async (content, heading, replacement) => (await note(content)).withSection(heading, replacement),
  find: async (content, find, replacement) => (await note(content)).withReplaced(find, replacement),
  fresh: (title, body, tags) => newNote(title, body, tags, CREATED, COMMAND),
  merged: (title, body, tags) => meta(newNote(title, body, tags, CREATED, COMMAND)),
}

describe.each(Object.entries(RULES))('%s', (rule, cases) => {
  test.each(cases.map(([given, expected], n) => [n, given, expected] as const))(
    'case %i',
    async (_, given, expected) => {
      let answer: unknown
      try {
        answer = await ANSWERS[rule]?.(...given)
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        answer = { problem: error.code }
      }
      expect([given, answer]).toEqual([given, expected])
    },
  )
})

test('every rule is tried', () => {
  expect(Object.keys(RULES).sort()).toEqual(Object.keys(ANSWERS).sort())
})
