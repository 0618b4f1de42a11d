/** The chat with an AI provider of the relay. */

import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Context } from '../../ai/chat.ts'
import { Conversation, type ShownTurn } from '../../ai/conversation.ts'
import { remember, remembered } from '../../ai/memory.ts'
import { AiRelay } from '../../ai/relay.ts'
import type { Overview } from '../../face.ts'
import { useDeed } from '../../ui/overview.ts'
import { Press, Trouble } from '../../ui/parts.tsx'
import { t } from '../../ui/text.ts'
import { Attach } from './attach.tsx'
import { useProviders, Who } from './providers.tsx'
import { TurnView } from './turn.tsx'

export function Chat({ overview }: { overview: Overview }) {
  const relay = useMemo(() => new AiRelay(), [])
  const { conversation, turns } = useConversation(relay)
  const who = useProviders(relay, overview.connection === 'connected')
  const [context, setContext] = useState<Context | null>(null)
  const running = conversation.running !== null
  const end = useRef<HTMLDivElement>(null)
  useStuckToEnd(end, turns)

  if (overview.connection === 'needs_pairing') return <p class="dim">{t('chat_needs_pairing')}</p>
  const send = (question: string) => {
    if (!who.choice) return
    conversation.ask(question, context, who.choice.provider, who.choice.model)
    setContext(null)
  }
  return (
    <div class="chat">
      <div class="turns">
        {turns.length === 0 ? <p class="dim">{t('chat_empty')}</p> : null}
        {turns.map((turn, place) => (
          <TurnView key={place} turn={turn} onNote={(note) => conversation.noted(place, note)} />
        ))}
        <div ref={end} />
      </div>
      <p class="visually-hidden" role="status">
        {stateWords(turns.at(-1))}
      </p>
      <div class="composer">
        <Trouble problem={who.problem} />
        <Attach context={context} onContext={setContext} />
        <Ask running={running} ready={who.choice !== null} onAsk={send} onStop={() => conversation.stop()}>
          <Who who={who} disabled={running} />
          {turns.length > 0 ? (
            <Press kind="small" onPress={() => conversation.clear()}>
              {t('chat_new')}
            </Press>
          ) : null}
        </Ask>
      </div>
    </div>
  )
}

/** Said to a screen reader: that an answer is written, and when it is there; not each letter. */
function stateWords(last: ShownTurn | undefined): string {
  if (last === undefined) return ''
  if (last.state === 'asking' || last.state === 'writing') return t('chat_writing')
  if (last.state === 'cut') return t('chat_cut')
  return last.state === 'error' ? '' : t('chat_complete')
}

function Ask(props: {
  children: ComponentChildren
  running: boolean
  ready: boolean
  onAsk: (question: string) => void
  onStop: () => Promise<void>
}) {
  const [question, setQuestion] = useState('')
  const stop = useDeed()
  const empty = question.trim() === '' || !props.ready
  const send = () => {
    if (empty || props.running) return
    props.onAsk(question.trim())
    setQuestion('')
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <label class="visually-hidden" for="question">
        {t('chat_question')}
      </label>
      <textarea
        id="question"
        rows={2}
        value={question}
        placeholder={t('chat_question')}
        onInput={(event) => setQuestion(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && props.running) return void stop.run(props.onStop)
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
          event.preventDefault()
          send()
        }}
      />
      <div class="row">
        {props.children}
        {props.running ? (
          <Press kind="bad" id="stop" busy={stop.busy} onPress={() => stop.run(props.onStop)}>
            {t('stop')}
          </Press>
        ) : (
          <button type="submit" class="main" id="send" aria-disabled={empty}>
            {t('send')}
          </button>
        )}
      </div>
      <Trouble problem={stop.problem} />
    </form>
  )
}

function useConversation(relay: AiRelay): { conversation: Conversation; turns: ShownTurn[] } {
  const [turns, setTurns] = useState<ShownTurn[]>([])
  const still = useMemo(() => matchMedia('(prefers-reduced-motion: reduce)'), [])
  const conversation = useMemo(() => {
    const made: Conversation = new Conversation(relay, () => setTurns(made.turns), {
      now: () => performance.now(),
      // A hidden page draws no frames; the text goes on there in steps.
      frame: (draw) => (document.hidden ? setTimeout(draw, 100) : requestAnimationFrame(draw)),
      typing: () => !document.hidden && !still.matches,
    })
    return made
  }, [relay, still])
  useEffect(() => {
    remembered().then((kept) => (kept.length > 0 ? conversation.restore(kept) : undefined))
    return () => conversation.leave()
  }, [conversation])
  // Kept at each step, not at each letter: an answer that is being written is read again from its beginning.
  const last = turns.at(-1)
  useEffect(() => void remember(turns), [turns.length, last?.state, last?.run, last?.note])
  return { conversation, turns }
}

/** The end stays in view while the person is there; who has scrolled up is left in peace. */
function useStuckToEnd(end: { current: HTMLElement | null }, turns: ShownTurn[]): void {
  const near = useRef(true)
  useEffect(() => {
    const box = document.scrollingElement
    const look = () => {
      if (box) near.current = box.scrollHeight - box.scrollTop - box.clientHeight < 80
    }
    window.addEventListener('scroll', look, { passive: true })
    return () => window.removeEventListener('scroll', look)
  }, [])
  // at each piece of text
  useEffect(() => {
    const seen = end.current !== null && end.current.offsetParent !== null // not in another room
    // To the very end, and not to the last line: the question's box would stand on it.
    if (near.current && seen) window.scrollTo(0, document.documentElement.scrollHeight)
  }, [turns])
}
