/** One question and its answer. */

import type { NewNote, SavedNote } from '../../actions/context.ts'
import { noteOf } from '../../ai/chat.ts'
import type { ShownTurn } from '../../ai/conversation.ts'
import type { End } from '../../ai/wire.ts'
import { ask } from '../../messages.ts'
import { Markdown } from '../../ui/markdown/markdown.tsx'
import { neutral } from '../../ui/neutral.ts'
import { useDeed } from '../../ui/overview.ts'
import { Press, Trouble } from '../../ui/parts.tsx'
import { counted, language, t } from '../../ui/text.ts'
import { duration } from '../../ui/time.ts'

export function TurnView({ turn, onNote }: { turn: ShownTurn; onNote: (note: SavedNote) => void }) {
  const open = turn.state === 'asking' || turn.state === 'writing' || turn.state === 'cut'
  return (
    <article class="turn">
      <h2 class="visually-hidden">{t('chat_you')}</h2>
      <div class="question" dir="auto">
        {neutral(turn.question, { lines: true })}
        {turn.context ? (
          <p class="small-text dim">{t('chat_with', neutral(turn.context.title || turn.context.url))}</p>
        ) : null}
      </div>
      <h2 class="visually-hidden">{neutral(turn.model)}</h2>
      <div class="answer" aria-busy={open}>
        {turn.answer === '' && open ? <p class="dim waiting">{t('chat_thinking')}</p> : null}
        <Markdown text={turn.answer} growing={open} />
      </div>
      {turn.state === 'cut' ? <p class="notice">{t('chat_cut')}</p> : null}
      <Trouble problem={turn.problem} />
      <Figures turn={turn} />
      {!open && turn.answer !== '' ? <Keep turn={turn} onNote={onNote} /> : null}
    </article>
  )
}

/** TTFT and tokens a second: the relay's at the end, before it what was seen here. */
function Figures({ turn }: { turn: ShownTurn }) {
  const { end } = turn
  const parts: string[] = [neutral(turn.model)]
  const first = end?.ttft_ms ?? turn.firstMs
  if (turn.state === 'stopped') parts.push(t(end?.stops_billing === false ? 'chat_stopped_billed' : 'chat_stopped'))
  if (first !== null) parts.push(t('chat_ttft', duration(first)))
  if (end) parts.push(...figuresOf(end))
  return <p class="dim small-text figures">{parts.join(' · ')}</p>
}

function figuresOf(end: End): string[] {
  const speed = end.tokens_per_s?.toLocaleString(language(), { maximumFractionDigits: 1 })
  return [...(speed === undefined ? [] : [t('chat_speed', speed)]), counted('tokens', end.usage.completion_tokens)]
}

function Keep({ turn, onNote }: { turn: ShownTurn; onNote: (note: SavedNote) => void }) {
  const deed = useDeed()
  const keep = () =>
    deed.run(async () => {
      const note: NewNote = { ...noteOf(turn, turn.model), tags: ['chat'] }
      onNote(await ask('keepNote', note))
    })
  if (turn.note) {
    return (
      <p class="notice good" role="status">
        {t(turn.note.where === 'laptop' ? 'kept_laptop' : 'kept_browser', neutral(turn.note.path))}
      </p>
    )
  }
  return (
    <>
      <Press kind="small" busy={deed.busy} onPress={keep}>
        {t('save_as_note')}
      </Press>
      <Trouble problem={deed.problem} />
    </>
  )
}
