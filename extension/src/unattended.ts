// Work that nobody waits for: when it fails, that is at least said.

/** `what` is the beginning of a sentence: "The report of cmd_… failed". */
export function unattended(work: Promise<unknown>, what: string): void {
  work.catch((error: unknown) => console.error(`${what} failed.`, error))
}
