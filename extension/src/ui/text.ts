/** The words of the extension, in the browser's language, from public/_locales. */

import { browser } from 'wxt/browser'
import type words from '../../public/_locales/en/messages.json'

export type Key = keyof typeof words

/** The sentence for `key` with its `$1`, `$2` … filled. A missing one shows its key: the tests see to it that none is. */
export function t(key: Key, ...values: (string | number)[]): string {
  const message = browser.i18n.getMessage as (key: string, values?: string[]) => string
  return message(key, values.map(String)) || key
}

/** `key_one` or `key_other`, as the language counts; the number is `$1`. */
export function counted(key: CountedKey, count: number, ...more: (string | number)[]): string {
  const form = new Intl.PluralRules(language()).select(count) === 'one' ? 'one' : 'other'
  return t(`${key}_${form}` as Key, count.toLocaleString(language()), ...more)
}

type CountedKey = { [K in Key]: K extends `${infer Stem}_one` ? Stem : never }[Key]

/** The language in which numbers and times are written: that of the words. */
export function language(): string {
  return browser.i18n.getUILanguage()
}

/** Words in a page's own `lang` and title, which HTML cannot take from _locales by itself. */
export function speak(title: string): void {
  document.documentElement.lang = language()
  document.documentElement.dir = t('text_direction') === 'rtl' ? 'rtl' : 'ltr'
  document.title = title
}
