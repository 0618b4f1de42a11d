// The laptop, for tests: a second notes room behind what the relay promises (the same key is done once, and answered the
// same), with faults that a network has.

import type { readers } from '../../src/notes/arguments.ts'
import type { Laptop } from '../../src/notes/handover.ts'
import type { NotesRoom } from '../../src/notes/room.ts'
import { Problem, type Result } from '../../src/wire.ts'
import { call, id } from './rooms.ts'

/** Where the process is killed: its storage stays, nothing after that line runs. */
export class Killed extends Error {}

export class TestLaptop implements Laptop {
  readonly asked: { action: string; key: string; args: Record<string, unknown> }[] = []
  /** Called before (`false`) and after (`true`) the laptop has done it: throws where the request breaks. */
  fault: (after: boolean) => void = () => undefined
  /** What it answers instead, by the number of the request; undefined: it does it. */
  answer: (n: number, action: string) => Partial<Result> | undefined = () => undefined
  private readonly answers = new Map<string, { body: string; result: Result }>()

  constructor(readonly room: NotesRoom) {}

  async request(action: string, args: Record<string, unknown>, key: string): Promise<Result> {
    this.asked.push({ action, key, args })
    this.fault(false)
    const body = JSON.stringify([action, args])
    const before = this.answers.get(key)
    if (before !== undefined && before.body !== body) throw new Problem('idempotency_conflict', 'Another body.')
    if (before !== undefined && !['queued', 'awaiting_approval'].includes(before.result.status)) {
      this.fault(true)
      return before.result
    }
    const command = before?.result.id ?? id()
    const result = { id: command, action, ...(await this.perform(action, args, command)) } as Result
    this.answers.set(key, { body, result })
    this.fault(true)
    return result
  }

  private async perform(action: string, args: Record<string, unknown>, command: string): Promise<Partial<Result>> {
    const scripted = this.answer(this.asked.length, action)
    if (scripted !== undefined) return scripted
    const name = action.replace('note.', '') as keyof typeof readers
    try {
      return { status: 'done', output: await call(this.room, name, args, command), error: null }
    } catch (error) {
      if (error instanceof Problem) return { status: 'failed', output: null, error: error.failure }
      throw error
    }
  }
}

/** Every note of a room with its text below the front matter, by path. */
export async function texts(room: NotesRoom): Promise<Record<string, string>> {
  const db = await room.database()
  const found: Record<string, string> = {}
  for (const row of await db.getAll('notes')) {
    const text = (await db.get('texts', row.key)) ?? ''
    found[row.path] = text.replace(/^---\n[\s\S]*?\n---\n/, '')
  }
  return found
}
