// Lines of Markdown, made tidy.

const FENCE = /^[ >]*(?:(?:-|\d{1,9}\.) +)*(`{3,})[a-z0-9-]*$/

/** Without spaces at the ends of lines and more than one empty line; code stays as it is. */
export function tidied(text: string): string {
  const lines: string[] = []
  let fence = ''
  for (const line of text.split('\n')) {
    if (fence !== '') {
      lines.push(line)
      if (line.replace(/^[ >]+/, '') === fence) fence = ''
      continue
    }
    fence = FENCE.exec(line)?.[1] ?? ''
    const kept = line.trimEnd()
    if (kept !== '' || (lines.at(-1) ?? '') !== '') lines.push(kept)
  }
  return lines.join('\n').trimEnd()
}

/** On one line. No pattern with two runs of spaces in it: a page can hold a hundred thousand spaces. */
export function oneLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim().replace(/\\$/, ''))
    .filter(Boolean)
    .join(' ')
    .trim()
}
