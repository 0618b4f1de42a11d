// The typed inputs of the `note.*` actions, as deskbell_wire.notes states them.

import { argumentsOf, invalid } from '../actions/arguments.ts'
import { integer, listOf, orElse, orNull, type Read, text, yesNo } from '../shape.ts'

const MOST_NOTE = 90_000
const MOST_PAGE = 60_000

const path = text({ least: 1, most: 1_000 })
const folder = orElse(text({ most: 500 }), '')
const heading = orNull(text({ most: 300 }))
const version = text({ like: /^[0-9a-f]{16}$/ })
export const tag = text({ least: 1, most: 100 })
const body = text({ most: MOST_NOTE })

const edit = argumentsOf({
  path,
  version,
  heading,
  find: orNull(text({ least: 1, most: 20_000 })),
  replacement: body,
})

export const readers = {
  create: argumentsOf({
    title: text({ least: 1, most: 300 }),
    body: orElse(body, ''),
    folder,
    tags: orElse(listOf(tag, 20), []),
  }),
  append: argumentsOf({ path, text: text({ least: 1, most: MOST_NOTE }), heading, create: orElse(yesNo, false) }),
  edit: (args: Record<string, unknown>) => {
    const read = edit(args)
    if ((read.heading === null) === (read.find === null)) throw invalid('give either heading or find, and not both')
    return read
  },
  read: argumentsOf({
    path,
    heading,
    offset: orElse(integer(0, 100_000_000), 0),
    limit: orElse(integer(1, MOST_PAGE), 20_000),
  }),
  search: argumentsOf({
    query: text({ least: 1, most: 500 }),
    folder,
    tag: orNull(tag),
    limit: orElse(integer(1, 50), 10),
  }),
  list: argumentsOf({
    folder,
    tag: orNull(tag),
    limit: orElse(integer(1, 200), 50),
    page: orNull(text({ most: 200 })),
  }),
  trash: argumentsOf({ path, version: orNull(version) }),
  undo: argumentsOf({
    path: orNull(path),
    command_id: orNull(text({ most: 40, like: /^cmd_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ })),
  }),
}

export type CreateNote = Read<typeof readers.create> & { title: string }
