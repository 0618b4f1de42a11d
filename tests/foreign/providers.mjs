// AI providers that somebody else wrote (aimock), played for tests/relay/ai: one JSON line of fixtures in, one with the
// address out, and it ends when its input does. What was asked of it is at /__aimock/journal.
import { createInterface } from "node:readline";
import { LLMock } from "@copilotkit/aimock";

const lines = createInterface({ input: process.stdin });
const mock = new LLMock({ port: 0, host: "127.0.0.1" });
lines.once("line", async (line) => {
  for (const fixture of JSON.parse(line)) mock.addFixture(fixture);
  await mock.start();
  process.stdout.write(`${JSON.stringify({ url: mock.url })}\n`);
});
lines.once("close", () => process.exit(0));
