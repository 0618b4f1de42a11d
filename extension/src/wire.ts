// The contract with the relay, as deskbell_wire states it: what is read is checked, for the relay may lie.

export type Status =
  | 'queued'
  | 'delivered'
  | 'awaiting_approval'
  | 'running'
  | 'done'
  | 'refused'
  | 'failed'
  | 'interrupted'
  | 'expired'
  | 'cancelled'

export type Hop = 'received' | 'appended' | 'sent' | 'acted' | 'returned'

/** Why something was not done: a stable code, a sentence, and what to do next. */
export interface Failure {
  code: string
  message: string
  next_step?: string | null
}

/** An error for the person or the assistant; `code` stands in the table of errors (docs/errors.md). */
export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    readonly code: string,
    message: string,
    readonly nextStep?: string,
  ) {
    super(message)
  }

  static from(failure: Failure): Problem {
    return new Problem(failure.code, failure.message, failure.next_step ?? undefined)
  }

  /** As it crosses the wire and the extension's own messages. */
  get failure(): Failure {
    return {
      code: this.code,
      message: this.message.slice(0, 2_000),
      ...(this.nextStep === undefined ? {} : { next_step: this.nextStep.slice(0, 1_000) }),
    }
  }
}
