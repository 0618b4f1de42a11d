// The golden messages, read as the Python models read them.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as laptop from '../src/link/laptop.ts'
import { Misfit, type Reader } from '../src/shape.ts'
import * as wire from '../src/wire.ts'

interface File {
  model: string
  cases: { name: string; valid: boolean; json: Record<string, unknown> }[]
}

const FOLDER = join(import.meta.dirname, '../../wire/examples')
const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf-8')) as File)

const READERS: Record<string, Reader<Record<string, unknown>>> = {
  Approval: wire.approval,
  Bye: wire.bye,
  Cancellation: wire.cancellation,
  Command: wire.command,
  DaemonHere: laptop.daemonHere,
  DeviceInfo: wire.deviceInfo,
  Gap: wire.gap,
  Hello: wire.hello,
  LoopbackPairAnswer: laptop.pairAnswer,
  LoopbackPairRequest: laptop.pairRequest,
  LoopbackPairState: laptop.pairState,
  Ping: wire.ping,
  Progress: wire.progress,
  Report: wire.report,
  Reset: wire.reset,
  Result: wire.result,
  RunNotice: wire.runNotice,
}

/** Of these the extension reads nothing here: what it only sends, what src/ai/ reads, and what others ask for. */
const ELSEWHERE = new Set([
  'CommandRequest',
  'ConnectCode',
  'EndEvent',
  'GrantInfo',
  'PairRequest',
  'RunInfo',
  'RunRequest',
  'RunStarted',
  'TokenEvent',
])

it('reads every message that it can get', () => {
  expect(FILES.map((file) => file.model).filter((model) => !(model in READERS) && !ELSEWHERE.has(model))).toEqual([])
})

describe.each(FILES.filter((file) => file.model in READERS))('$model', ({ model, cases }) => {
  const read = READERS[model] as Reader<Record<string, unknown>>

  it.each(cases)('$name', ({ valid, json }) => {
    if (!valid) {
      expect(() => read(json, model)).toThrow(Misfit)
      return
    }
    const found = read(json, model)
    for (const [name, value] of Object.entries(found)) if (name in json) expect(value).toEqual(json[name])
  })
})

it('says which field does not fit', () => {
  expect(() => wire.cancellation({ id: 7 }, 'it')).toThrow('id is no text')
})

it('takes nothing from the prototype of what it reads', () => {
  const sly = JSON.parse('{"__proto__": {"server_time": "2026-11-24T13:52:01.123456Z"}}')
  expect(() => wire.ping(sly, 'it')).toThrow(Misfit)
})
