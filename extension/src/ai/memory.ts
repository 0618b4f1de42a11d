/** The conversation while the browser runs: the panel can be closed and opened again. Never on the disk. */

import { browser } from 'wxt/browser'
import type { ShownTurn } from './conversation.ts'

const TURNS = 'chat.turns'
const CHOICE = 'chat.choice'

/** So much is kept; the oldest turns go first. The area holds 10 MB. */
const MOST_CHARACTERS = 1_000_000

export async function remembered(): Promise<ShownTurn[]> {
  const kept = (await browser.storage.session.get(TURNS))[TURNS]
  return Array.isArray(kept) ? (kept as ShownTurn[]) : [] // written by this file alone
}

export async function remember(turns: readonly ShownTurn[]): Promise<void> {
  let characters = 0
  const kept = turns.toReversed().filter((turn) => {
    characters += turn.question.length + turn.answer.length + (turn.context?.markdown.length ?? 0)
    return characters <= MOST_CHARACTERS
  })
  await browser.storage.session.set({ [TURNS]: kept.toReversed() })
}

export interface Choice {
  provider: string
  model: string
}

/** Who was asked last. */
export async function chosen(): Promise<Choice | null> {
  const kept = (await browser.storage.local.get(CHOICE))[CHOICE] as Choice | undefined
  return kept ?? null
}

export async function choose(choice: Choice): Promise<void> {
  await browser.storage.local.set({ [CHOICE]: choice })
}
