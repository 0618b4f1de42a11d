// Vercel's AI SDK reads a run in its own dialect: `answers.mjs send|resume ADDRESS TOKEN [RUN_ID]`, for tests/relay/ai.
// Each state of the message that a person would see goes out as a JSON line; the last one says how it ended.
import { DefaultChatTransport, readUIMessageStream } from "ai";

const [how, address, token, runId] = process.argv.slice(2);
const transport = new DefaultChatTransport({
  headers: { authorization: `Bearer ${token}` },
  prepareSendMessagesRequest: ({ messages }) => ({
    api: `${address}/ai/stream?dialect=vercel`,
    body: {
      provider: "compatible",
      messages: messages.map(({ role, parts }) => ({ role, content: parts.map((part) => part.text).join("") })),
    },
  }),
  prepareReconnectToStreamRequest: ({ id }) => ({ api: `${address}/ai/runs/${id}/stream?dialect=vercel` }),
});
const messages = [
  { id: "1", role: "user", parts: [{ type: "text", text: "Hello" }] },
  { id: "2", role: "assistant", parts: [{ type: "text", text: "Yes?" }] },
  { id: "3", role: "user", parts: [{ type: "text", text: "Tell me" }] },
];
const show = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const chunks = how === "send"
  ? await transport.sendMessages({ trigger: "submit-message", chatId: "c", messages })
  : await transport.reconnectToStream({ chatId: runId });
const seen = [];
const watched = chunks.pipeThrough(new TransformStream({
  transform(chunk, controller) {
    seen.push(chunk.type);
    controller.enqueue(chunk);
  },
}));
let error = null;
let last = null;
for await (const message of readUIMessageStream({ stream: watched, onError: (e) => { error = String(e.message ?? e); } })) {
  last = { id: message.id, text: message.parts.map((part) => part.text ?? "").join("") };
  show(last);
}
show({ end: true, error, types: [...new Set(seen)], ...last });
