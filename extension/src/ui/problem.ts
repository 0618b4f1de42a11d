/** What went wrong, in the person's language. */

import type { Failure, Problem } from '../wire.ts'
import { neutral } from './neutral.ts'
import { type Key, language, t } from './text.ts'

// Problems are made in English, with their values; the relay's come as they are. A code has a sentence in every
// language of _locales.
const CODES = {
  address_refused: 'problem_address_refused',
  nothing_selected: 'problem_nothing_selected',
  page_not_readable: 'problem_page_not_readable',
  page_too_large: 'problem_page_too_large',
  permission_missing: 'problem_permission_missing',
  tab_not_found: 'problem_tab_not_found',
  relay_unreachable: 'problem_relay_unreachable',
  insecure_relay: 'problem_insecure_relay',
  revoked_token: 'problem_revoked_token',
  invalid_token: 'problem_invalid_token',
  not_paired: 'problem_not_paired',
  too_many_devices: 'problem_too_many_devices',
  code_not_valid: 'problem_code_not_valid',
  daemon_not_running: 'problem_daemon_not_running',
  daemon_not_genuine: 'problem_daemon_not_genuine',
  draining: 'problem_draining',
  rate_limited: 'problem_rate_limited',
  refused: 'problem_refused',
  paused: 'problem_paused',
  command_expired: 'problem_command_expired',
  request_not_found: 'problem_request_not_found',
  request_changed: 'problem_request_changed',
  interrupted: 'problem_interrupted',
  invalid_arguments: 'problem_invalid_arguments',
  unknown_action: 'problem_unknown_action',
  note_not_found: 'problem_note_not_found',
  name_taken: 'problem_name_taken',
  note_too_large: 'problem_note_too_large',
  unsafe_name: 'problem_unsafe_name',
  outside_folder: 'problem_outside_folder',
  version_conflict: 'problem_version_conflict',
  nothing_to_undo: 'problem_nothing_to_undo',
  unreadable_note: 'problem_unreadable_note',
  disk_full: 'problem_disk_full',
  provider_not_configured: 'problem_provider_not_configured',
  model_unavailable: 'problem_model_unavailable',
  prompt_too_long: 'problem_prompt_too_long',
  provider_failed: 'problem_provider_failed',
  provider_unreachable: 'problem_provider_unreachable',
  provider_overloaded: 'problem_provider_overloaded',
  provider_key_refused: 'problem_provider_key_refused',
  no_first_token: 'problem_no_first_token',
  answer_cut_off: 'problem_answer_cut_off',
  answer_overdue: 'problem_answer_overdue',
  answer_stalled: 'problem_answer_stalled',
  answer_too_long: 'problem_answer_too_long',
  run_interrupted: 'problem_run_interrupted',
  run_not_resumable: 'problem_run_not_resumable',
  budget_spent: 'problem_budget_spent',
} as const satisfies Record<string, Key>

/** In English the exact sentence and the next step; elsewhere the code's own sentence, as far as there is one. */
export function wordsOf(problem: Problem | Failure): string {
  if (!language().startsWith('en') && Object.hasOwn(CODES, problem.code)) {
    return t(CODES[problem.code as keyof typeof CODES])
  }
  const next = 'nextStep' in problem ? problem.nextStep : 'next_step' in problem ? problem.next_step : undefined
  return neutral(next ? `${problem.message} ${next}` : problem.message)
}
