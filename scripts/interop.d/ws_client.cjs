// Checks an echo server with Node's ws. Usage: ws_client.cjs URL
'use strict';
const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const WebSocket = require('ws');

const URL_UNDER_TEST = process.argv[2];
const DEADLINE = 20_000; // milliseconds for a check
const KIB = 1024, MIB = 1024 * 1024;

function connect(path = '/', subprotocols = []) {
  return new WebSocket(new URL(path, URL_UNDER_TEST), subprotocols, { maxPayload: 64 * MIB });
}

async function open(...options) {
  const ws = connect(...options);
  await once(ws, 'open');
  return ws;
}

/** The next message: a string for text, a Buffer for binary. */
async function receive(ws) {
  const [data, isBinary] = await once(ws, 'message');
  return isBinary ? data : data.toString();
}

function same(got, expected) {
  const equal = Buffer.isBuffer(got) && Buffer.isBuffer(expected) ? got.equals(expected) : got === expected;
  assert(equal, `got ${described(got)}, not ${described(expected)}`);
}

/** A message as its type, length and head. */
function described(value) {
  const kind = Buffer.isBuffer(value) ? 'binary' : typeof value;
  return value?.length === undefined ? `${value}` : `${kind} of length ${value.length}, ${(kind === 'binary' ? value.subarray(0, 20).toString('hex') : value.slice(0, 20))}`;
}

async function close(ws, code = 1000, reason = '') {
  const closed = once(ws, 'close');
  ws.close(code, reason);
  const [echoed] = await closed;
  assert.strictEqual(echoed, code, `the Close that came back has ${echoed}, not ${code}`);
}

const echoes = (message, path) => async () => {
  const ws = await open(path);
  const answer = receive(ws);
  ws.send(message);
  same(await answer, message);
  await close(ws);
};

/** Sends the fragments, with a ping after each where asked. */
const echoesFragments = (fragments, whole, pinging = false) => async () => {
  const ws = await open();
  const answer = receive(ws);
  let pongs = 0;
  ws.on('pong', () => pongs++);
  fragments.forEach((fragment, n) => {
    ws.send(fragment, { fin: n === fragments.length - 1 });
    if (pinging && n < fragments.length - 1) ws.ping();
  });
  same(await answer, whole);
  if (pinging) assert(pongs >= 1, 'no pong came before the message');
  await close(ws);
};

async function keepsOrder() {
  const ws = await open();
  const messages = Array.from({ length: 500 }, (_, n) => (n % 2 ? `message ${n}` : Buffer.from(`${n}`)));
  const answers = [];
  const all = new Promise((resolve) => ws.on('message', (data, isBinary) => {
    if (answers.push(isBinary ? data : data.toString()) === messages.length) resolve();
  }));
  messages.forEach((message) => ws.send(message));
  await all;
  answers.forEach((answer, n) => same(answer, messages[n]));
  await close(ws);
}

/** What is sent right before a Close is served before the Close is answered. */
async function echoesBeforeClose() {
  const ws = await open();
  const answers = [];
  ws.on('message', (data) => answers.push(data));
  const messages = [randomBytes(256 * KIB), randomBytes(256 * KIB), randomBytes(5)];
  messages.forEach((message) => ws.send(message));
  await close(ws);
  assert.strictEqual(answers.length, messages.length, `${answers.length} of ${messages.length} messages came back`);
  answers.forEach((answer, n) => same(answer, messages[n]));
}

const answersPing = (payload) => async () => {
  const ws = await open();
  const answer = once(ws, 'pong');
  ws.ping(payload);
  same((await answer)[0], payload);
  await close(ws);
};

const answersClose = (code, reason) => async () => close(await open(), code, reason);

const negotiates = (offered, expected) => async () => {
  const ws = await open('/', offered);
  same(ws.protocol, expected);
  await close(ws);
};

/** ws refuses a server that chose none of its subprotocols, as browsers do: the 101 is what is judged. */
async function choosesNone() {
  const ws = connect('/', ['nope']);
  ws.on('error', () => {});
  const refused = new Promise((resolve) => ws.on('close', resolve));
  const response = await new Promise((resolve) => ws.on('upgrade', resolve));
  assert.strictEqual(response.statusCode, 101);
  same(response.headers['sec-websocket-protocol'], undefined);
  await refused;
}

async function serves200AtOnce() {
  const all = await Promise.all(Array.from({ length: 200 }, () => open()));
  await Promise.all(all.map(async (ws, n) => {
    const answer = receive(ws);
    ws.send(`connection ${n}`);
    same(await answer, `connection ${n}`);
  }));
  await Promise.all(all.map((ws) => close(ws)));
}

const large = randomBytes(70_000);
const CHECKS = {
  'text message': echoes('Grüße, 世界 🌍'),
  'binary message': echoes(Buffer.from(Array.from({ length: 256 }, (_, n) => n))),
  'empty text message': echoes(''),
  'empty binary message': echoes(Buffer.alloc(0)),
  'text message of 64 KiB + 1': echoes('x'.repeat(64 * KIB + 1)),
  'binary message of 64 KiB + 1': echoes(randomBytes(64 * KIB + 1)),
  'text message of 1 MiB': echoes('é'.repeat(MIB / 2)),
  'binary message of 1 MiB': echoes(randomBytes(MIB)),
  'binary message of 16 MiB': echoes(randomBytes(16 * MIB)),
  'message at /echo': echoes('echo', '/echo'),
  '500 messages keep their order': keepsOrder,
  'fragmented text message': echoesFragments(['frag', '', 'ment', 'ed ✓'], 'fragmented ✓'),
  'fragmented binary message': echoesFragments([Buffer.alloc(0), large, Buffer.from([0])], Buffer.concat([large, Buffer.from([0])])),
  'pings between fragments': echoesFragments(['frag', 'ment', 'ed'], 'fragmented', true),
  'ping without payload': answersPing(Buffer.alloc(0)),
  'ping of 125 bytes': answersPing(randomBytes(125)),
  'close 1000': answersClose(1000, ''),
  'close 1000 with a reason': answersClose(1000, 'done'),
  'close 1001': answersClose(1001, 'going away'),
  'close 3000': answersClose(3000, 'registered'),
  'close 4999 with a reason of 123 bytes': answersClose(4999, 'é'.repeat(61) + '.'),
  'messages right before a close': echoesBeforeClose,
  'subprotocol echo-v1': negotiates(['echo-v1'], 'echo-v1'),
  'subprotocol echo-v1 after an unknown one': negotiates(['nope', 'echo-v1'], 'echo-v1'),
  'unknown subprotocol': choosesNone,
  '200 connections at once': serves200AtOnce,
};

function within(deadline, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${deadline} ms`)), deadline);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function main() {
  let failed = 0;
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      await within(DEADLINE, check());
      console.log(`ok    ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${name}: ${error.message.slice(0, 400).replaceAll('\n', ' ')}`);
    }
  }
  console.log(`${Object.keys(CHECKS).length} checks, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

main();
