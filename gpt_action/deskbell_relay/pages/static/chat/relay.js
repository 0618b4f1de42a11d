// Requests to the relay, and its problems in words.
"use strict";

/** What went wrong, as the relay says it (RFC 9457), or as the browser does when nobody answered. */
export class Problem extends Error {
  constructor(status, code, sentence, waitS) {
    super(sentence);
    this.status = status;
    this.code = code;
    this.waitS = waitS;
  }
}

/** The answer's JSON. `form` proves that this page sends it. Throws Problem. */
export async function call(method, path, { form, body } = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: {
        ...(form === undefined ? {} : { "X-Deskbell-Form": form }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
  } catch {
    throw new Problem(0, "unreachable", "The relay does not answer. Check the network.");
  }
  if (answer.status === 204) return null;
  const document_ = await answer.json().catch(() => null);
  if (answer.ok && document_ !== null) return document_;
  const waitS = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10);
  throw new Problem(
    answer.status,
    document_?.code ?? "unknown",
    document_?.detail ?? `The relay answered ${answer.status}.`,
    Number.isFinite(waitS) ? waitS : undefined,
  );
}

/** A new run's id: a UUIDv7 (RFC 9562). Chosen here, so that Stop works before the relay has answered. */
export function newRunId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setBigUint64(0, (BigInt(Date.now()) << 16n) | 0x7000n | BigInt(bytes[7] | ((bytes[6] & 15) << 8)));
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `run_${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}`;
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** `45 s`, `12 min`, `3 h 5 min`. */
export function span(seconds) {
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
