// Time in the notes: whole microseconds since the epoch inside, RFC 3339 with six decimals outside, as on the wire.

/** Now. Two calls in one process never give the same instant, so that notes have an order. */
export function now(): number {
  last = Math.max(last + 1, Date.now() * 1_000)
  return last
}

let last = 0

/** `us` microseconds since the epoch, such as `2026-11-24T13:52:35.123456Z`. */
export function timestamp(us: number): string {
  const second = new Date(Math.floor(us / 1_000_000) * 1_000).toISOString().slice(0, 19)
  return `${second}.${String(us % 1_000_000).padStart(6, '0')}Z`
}

/** A new command id (UUIDv7, RFC 9562) for what the person does without an assistant. */
export function newCommandId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  new DataView(bytes.buffer).setUint32(0, Math.floor(Date.now() / 0x10000))
  new DataView(bytes.buffer).setUint16(4, Date.now() % 0x10000)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `cmd_${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
