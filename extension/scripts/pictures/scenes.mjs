// What each picture shows: a page of the extension, and what the background, the tabs and the relay say to it.
// Instants are relative to the moment of the picture, in seconds.

const ago = (seconds) => new Date(Date.now() - seconds * 1_000).toISOString().replace('Z', '456Z')
const within = (seconds) => ago(-seconds)

const hops = (seconds, milliseconds) =>
  Object.fromEntries(
    milliseconds.map((after, place) => [
      ['received', 'appended', 'sent', 'acted', 'returned'][place],
      ago(seconds - after / 1_000),
    ]),
  )

const RECENT = [
  {
    id: 'cmd_1',
    action: 'page.capture',
    title: 'Capture a page',
    assistant: 'ChatGPT',
    status: 'done',
    at: ago(70),
    hops: hops(70, [0, 3, 5, 412, 431]),
    summary: 'Pages/How tide tables are made.md',
    undoable: true,
  },
  {
    id: 'cmd_2',
    action: 'tab.open',
    title: 'Open a tab',
    assistant: 'ChatGPT',
    status: 'done',
    at: ago(210),
    hops: hops(210, [0, 2, 4, 66, 81]),
    summary: 'harbour.example',
    undoable: false,
  },
  {
    id: 'cmd_3',
    action: 'tab.close',
    title: 'Close a tab',
    assistant: 'Claude',
    status: 'refused',
    at: ago(900),
    hops: hops(900, [0, 3, 6, 5_200, 5_214]),
    summary: '',
    undoable: false,
  },
  {
    id: 'cmd_4',
    action: 'page.bookmark',
    title: 'Bookmark a page',
    assistant: 'ChatGPT',
    status: 'expired',
    at: ago(1_900),
    hops: hops(1_900, [0, 2, 4]),
    summary: '',
    undoable: false,
  },
]

const CONNECTED = {
  connection: 'connected',
  relay: 'https://relay.example',
  deviceName: 'Chrome, Linux',
  deviceId: 'dev_1',
  lastPingAt: ago(4),
  paused: false,
  waiting: [],
  recent: RECENT,
  daemon: true,
}

const OPEN = {
  id: 'cmd_9',
  action: 'tab.open',
  title: 'Open a tab',
  assistant: 'ChatGPT',
  host: 'chatgpt.com',
  arguments: { url: 'https://harbour.example/tides?port=hamburg&day=2026-11-25', background: true },
  expiresAt: within(553),
  receivedAt: ago(47),
}

const CAPTURE = {
  ...OPEN,
  id: 'cmd_10',
  action: 'page.capture',
  arguments: { tab_id: 7, part: 'page', save: true, title: 'Tides \u202egpj.exe', tags: ['harbour', 'tides'] },
}

const NEW = { connection: 'needs_pairing', paused: false, waiting: [], recent: [], daemon: false }

const RULES = {
  assistants: [
    { grant: 'gra_1', name: 'ChatGPT', host: 'chatgpt.com' },
    { grant: 'gra_2', name: 'Claude', host: 'claude.ai' },
  ],
  rules: [
    ['read', 'default', 'run'],
    ['write', 'default', 'notify'],
    ['act', 'default', 'ask'],
    ['note.create', 'default', 'notify'],
    ['tab.open', 'default', 'ask'],
    ['tab.list', 'default', 'run'],
    ['tab.focus', 'run', 'ask'],
    ['tab.close', 'refuse', 'ask'],
    ['page.capture', 'default', 'ask'],
    ['page.bookmark', 'default', 'ask'],
  ].map(([subject, rule, usual]) => ({ subject, title: subject, rule, usual })),
}

const ANSWER = `Two high tides and two low tides a day, about **12 h 25 min** apart.

| Port | High water | Height |
|---|---|--:|
| Hamburg | 04:12 | 3.9 m |
| Cuxhaven | 00:31 | 3.4 m |

1. The moon pulls the water.
2. The coast delays it: see the [tide tables](https://harbour.example/tides).

\`\`\`py
delay_h = 3.7  # Cuxhaven to Hamburg
\`\`\`
`

const TURN = {
  question: 'When is high water in Hamburg tomorrow, and why so late?',
  context: { title: 'How tide tables are made', url: 'https://harbour.example/tides', markdown: '' },
  answer: ANSWER,
  provider: 'local',
  model: 'smollm2-135m-instruct',
  state: 'done',
  run: 'run_1',
  firstMs: 90,
  end: {
    status: 'done',
    code: null,
    message: null,
    stops_billing: null,
    usage: { prompt_tokens: 812, completion_tokens: 204, source: 'provider' },
    ttft_ms: 70.5,
    duration_ms: 2031,
    tokens_per_s: 104,
  },
  problem: null,
  note: null,
}

const PROVIDERS = [
  { name: 'local', title: "The relay's own model", model: 'smollm2-135m-instruct', models: ['smollm2-135m-instruct'] },
]

const NOTES = [
  {
    title: 'How tide tables are made',
    folder: 'Pages',
    tags: ['harbour', 'tides'],
    body: `Two high tides and two low tides a day, about **12 h 25 min** apart.

## What goes in

- the moon, the sun
- [x] the coast: see [the method](https://harbour.example/method)

| Port | High water | Height |
|---|---|--:|
| Hamburg | 04:12 | 3.9 m |
| Cuxhaven | 00:31 | 3.4 m |

> Wind can add a metre.
`,
  },
  { title: 'Packing for the island', folder: '', tags: [], body: 'Boots, a torch, the tide table.\n' },
  { title: 'Rigging words', folder: 'Boats', tags: ['sea'], body: 'Sloop, cutter, ketch, yawl.\n' },
]

const POPUP = { page: 'popup.html', width: 368, height: 560 }
const PANEL = { page: 'sidepanel.html', width: 400, height: 600 }
const CONSENT = { width: 460, height: 640 }

/** name → scene. `shipped`: the ones in docs/pictures. `act`: what is done on the page before the picture. */
export const SCENES = {
  popup: { ...POPUP, overview: { ...CONNECTED, waiting: [OPEN] }, shipped: true },
  'popup-new': { ...POPUP, overview: NEW, shipped: true },
  'popup-offline': {
    ...POPUP,
    overview: {
      ...CONNECTED,
      connection: 'offline',
      lastPingAt: ago(190),
      paused: true,
      problem: { code: 'relay_unreachable', message: 'The relay did not answer.', next_step: 'Check the network.' },
    },
  },
  'popup-digits': {
    ...POPUP,
    overview: {
      ...NEW,
      pairing: {
        way: 'laptop',
        digits: '483201',
        relayHost: 'relay.example',
        expiresAt: within(540),
        state: 'confirm_digits',
      },
    },
    shipped: true,
  },
  'popup-code': {
    ...POPUP,
    overview: {
      ...NEW,
      pairing: {
        way: 'relay',
        userCode: 'WDJB-MJHT',
        relayHost: 'relay.example',
        expiresAt: within(540),
        state: 'waiting',
      },
    },
  },
  consent: {
    ...CONSENT,
    page: 'consent.html?id=cmd_10',
    overview: { ...CONNECTED, waiting: [OPEN, CAPTURE] },
    tab: { id: 7, title: 'How tide tables are made', url: 'https://harbour.example/tides', active: true },
    shipped: true,
  },
  'consent-open': {
    ...CONSENT,
    page: 'consent.html?id=cmd_9',
    overview: { ...CONNECTED, waiting: [OPEN, CAPTURE, { ...OPEN, id: 'cmd_11' }] },
  },
  'consent-blind': {
    ...CONSENT,
    page: 'consent.html?id=cmd_10',
    overview: { ...CONNECTED, waiting: [CAPTURE] },
    tab: { id: 7, active: true },
  },
  'consent-expired': { ...CONSENT, page: 'consent.html?id=cmd_4', overview: CONNECTED },
  'panel-activity': { ...PANEL, overview: { ...CONNECTED, waiting: [OPEN] }, shipped: true },
  'panel-chat': { ...PANEL, overview: CONNECTED, turns: [TURN], room: 'chat', shipped: true },
  'panel-chat-narrow': { ...PANEL, width: 320, overview: CONNECTED, turns: [TURN], room: 'chat' },
  notes: {
    page: 'notes.html#Pages%2FHow%20tide%20tables%20are%20made.md',
    width: 800,
    height: 440,
    overview: CONNECTED,
    notes: NOTES,
    shipped: true,
  },
  'notes-narrow': { page: 'notes.html', width: 320, height: 680, overview: CONNECTED, notes: NOTES },
  'notes-edit': {
    page: 'notes.html#Pages%2FHow%20tide%20tables%20are%20made.md',
    width: 1000,
    height: 680,
    overview: { ...CONNECTED, daemon: false },
    notes: NOTES,
    act: (page) => page.locator('#edit').click(),
  },
  'panel-rules': { ...PANEL, overview: CONNECTED, room: 'rules' },
}

export const REPLIES = { rules: RULES, accessToken: { relay: 'https://relay.example', token: 'none' } }
export { PROVIDERS }
