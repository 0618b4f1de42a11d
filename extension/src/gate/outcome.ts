// The reports of what was not done, in the words of the desktop's daemon.

import { toInstant } from '../link/clock.ts'
import { type FinalStatus, Problem, type Report } from '../wire.ts'

function not(status: FinalStatus, problem: Problem, actedAt?: number): Report {
  const acted = actedAt === undefined ? null : toInstant(actedAt)
  return { status, output: null, error: problem.failure, acted_at: acted }
}

export function paused(): Report {
  return not('refused', new Problem('paused', 'Deskbell is paused in this browser.', 'Ask the person to resume it.'))
}

export function expired(expiresAt: string): Report {
  return not('expired', new Problem('command_expired', `It was to be started before ${expiresAt}.`, 'Ask again.'))
}

export function refused(): Report {
  const sentence = 'The person at the browser refused this.'
  return not('refused', new Problem('refused', sentence, 'Ask them before you try again.'))
}

export function ruledOut(assistant: string, action: string): Report {
  const sentence = `The rules in this browser do not let ${JSON.stringify(assistant)} do ${action}.`
  return not('refused', new Problem('refused', sentence, "The person can change the rule in the extension's popup."))
}

export function interrupted(action: string): Report {
  const sentence = `The browser stopped in the middle of ${action}; it may have happened.`
  return not('interrupted', new Problem('interrupted', sentence, 'Check its effect, ask again.'))
}

export function unknown(action: string): Report {
  const sentence = `This browser cannot do ${JSON.stringify(action)}.`
  return not('failed', new Problem('unknown_action', sentence, 'Update the Deskbell extension.'))
}

export function unreadable(): Report {
  const sentence = 'The browser could not read this command: the relay may be newer.'
  return not('failed', new Problem('malformed_request', sentence, 'Update the Deskbell extension.'))
}

export function crowded(assistant: string, most: number): Report {
  const sentence = `${most} requests of ${JSON.stringify(assistant)} wait for the person already.`
  return not('failed', new Problem('too_many_pending', sentence, 'Let them answer or cancel one of them first.'))
}

export function tooLarge(bytes: number, most: number): Report {
  const sentence = `The arguments have ${bytes} bytes; ${most} are taken.`
  return not('failed', new Problem('body_too_large', sentence, 'Send less.'))
}

export function changed(): Report {
  const sentence = 'What would run is not what the person was asked about; nothing was run.'
  return not('failed', new Problem('request_changed', sentence, 'Ask again.'))
}

export function cancelled(): Report {
  return { status: 'cancelled', output: null, error: null, acted_at: null }
}

export function failed(problem: Problem, now: number): Report {
  return not('failed', problem, now)
}

export function done(output: Record<string, unknown>, now: number): Report {
  return { status: 'done', output, error: null, acted_at: toInstant(now) }
}
