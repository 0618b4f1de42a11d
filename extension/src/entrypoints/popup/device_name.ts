/** What this browser calls itself when it pairs; the person can change it. */

const BROWSERS: readonly [RegExp, string][] = [
  [/\bFirefox\//, 'Firefox'],
  [/\bEdg\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/Chrome\//, 'Chrome'],
]

const SYSTEMS: readonly [RegExp, string][] = [
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'Mac'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
]

/** `Firefox, Linux`, from the browser's own word. */
export function deviceName(agent = navigator.userAgent): string {
  const found = (table: readonly [RegExp, string][]) => table.find(([sign]) => sign.test(agent))?.[1]
  return [found(BROWSERS) ?? 'Browser', found(SYSTEMS)].filter(Boolean).join(', ')
}
