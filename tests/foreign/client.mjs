// An MCP client that somebody else wrote (@ai-sdk/mcp) goes the whole way at Deskbell's door, given its address alone:
//   node tests/foreign/client.mjs https://bell.example/mcp [2026-07-28 | 2025-11-25]
// It prints a line of JSON for each step. At the step "authorize" it waits until a browser comes back from the address
// that it names: open it, type the code that `deskbell connect` prints, and approve on the laptop.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { auth, createMCPClient, UnauthorizedError } from "@ai-sdk/mcp";

const MODERN = "2026-07-28";
const NAME = "A stranger's client";

const say = (step, facts = {}) => console.log(JSON.stringify({ step, ...facts }));

/** The loopback address that the browser is sent back to (RFC 8252 7.3), on whatever port is free. */
class Callback {
  static async listen() {
    const callback = new Callback();
    callback.answer = new Promise((resolve) => {
      callback.server = createServer((request, response) => {
        const url = new URL(request.url, callback.address);
        const found = url.pathname === "/callback";
        response.writeHead(found ? 200 : 404, { "Content-Type": "text/plain" });
        response.end(found ? "Connected: this page can be closed.\n" : "Not here.\n");
        if (found) resolve(Object.fromEntries(url.searchParams));
      });
    });
    callback.server.listen(0, "127.0.0.1");
    await once(callback.server, "listening");
    callback.address = `http://127.0.0.1:${callback.server.address().port}/callback`;
    return callback;
  }

  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** What the client keeps of its connection; it lives as long as this process. */
class Provider {
  #kept = {};

  constructor(redirectUrl) {
    this.redirectUrl = redirectUrl;
  }

  get clientMetadata() {
    return {
      client_name: NAME,
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  }

  state = () => randomBytes(24).toString("base64url");
  saveState = (state) => void (this.#kept.state = state);
  storedState = () => this.#kept.state;
  codeVerifier = () => this.#kept.verifier;
  saveCodeVerifier = (verifier) => void (this.#kept.verifier = verifier);
  clientInformation = () => this.#kept.client;
  isClientInformationDynamicallyRegistered = () => true;
  tokens = () => this.#kept.tokens;
  redirectToAuthorization = (url) => say("authorize", { url: String(url) });

  saveClientInformation(client) {
    // Twice: as it was registered, then bound to its authorization server.
    if (!this.#kept.client) say("registered", { client_id: client.client_id, name: client.client_name });
    this.#kept.client = client;
  }

  saveTokens(tokens) {
    say(this.#kept.tokens ? "refreshed" : "connected", { scope: tokens.scope, expires_in: tokens.expires_in });
    this.#kept.tokens = tokens;
  }
}

/** Opens the door; the first time it is met with 401, and goes through authorization. */
async function open(address, revision, provider, callback) {
  const enter = () =>
    createMCPClient({
      transport: { type: "http", url: address, authProvider: provider },
      clientName: NAME,
      protocolVersionDiscovery: revision === MODERN,
    });
  try {
    return await enter();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  const { code, state, iss, error, error_description: reason } = await callback.answer;
  if (!code) throw new Error(`The relay gave no code: ${error}: ${reason}`);
  await auth(provider, { serverUrl: address, authorizationCode: code, callbackState: state, callbackIssuer: iss });
  return enter();
}

/** A tool that must be done; what it gave, and the id to undo it by. */
async function call(client, name, args) {
  const result = await client.callTool({ name, arguments: args });
  const answer = result.structuredContent;
  if (result.isError || answer?.status !== "done") throw new Error(`${name}: ${JSON.stringify(result)}`);
  say(name, { id: answer.id, output: answer.output });
  return answer;
}

async function work(client) {
  const { tools } = await client.listTools();
  say("tools", { names: tools.map((tool) => tool.name) });
  const { id, output } = await call(client, "create_note", { title: "From a stranger", body: "The heron is back." });
  await call(client, "search_notes", { query: "heron" });
  const { resources } = await client.listResources();
  say("resources", { names: resources.map((resource) => resource.name) });
  const { uri } = resources.find((resource) => resource.name === output.path);
  const { contents } = await client.readResource({ uri });
  say("read", { uri, text: contents[0].text });
  await call(client, "undo_note", { command_id: id });
  say("after", { names: (await client.listResources()).resources.map((resource) => resource.name) });
}

async function main(address, revision = MODERN) {
  const callback = await Callback.listen();
  try {
    const provider = new Provider(callback.address);
    const client = await open(address, revision, provider, callback);
    try {
      say("revision", { revision: client.initializeResult.protocolVersion, server: client.serverInfo.name });
      await work(client);
      await auth(provider, { serverUrl: address }); // with a refresh token at hand it asks nobody
      say("end", { tools: (await client.listTools()).tools.length });
    } finally {
      await client.close();
    }
  } finally {
    callback.close();
  }
}

if (process.argv.length < 3) {
  console.error("usage: node client.mjs MCP_ADDRESS [2026-07-28 | 2025-11-25]");
  process.exit(2);
}
await main(...process.argv.slice(2));
