/** Gives the person a file, as a link's download does: it needs no permission. */

/** Long enough for the browser to have begun; the text is kept in memory until then. */
const KEPT_MS = 60_000

export function saveFile(name: string, content: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS)
}
