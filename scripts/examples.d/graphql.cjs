// Checks the example graphql with the clients that GraphQL users have: graphql-ws, and subscriptions-transport-ws for the
// older protocol. Usage: graphql.cjs URL
'use strict';
const assert = require('node:assert');
const { once } = require('node:events');
const { createClient } = require('graphql-ws');
const { SubscriptionClient } = require('subscriptions-transport-ws');
const WebSocket = require('ws');

const DEADLINE = 20_000; // milliseconds for a check
const url = `${process.argv[2].replace(/\/$/, '')}/graphql`;
const http = url.replace(/^ws/, 'http');
const COUNTDOWN = 'subscription { countdown(from: 2) }';
const POLL = 'subscription { poll { latest options { id votes } } }';
const VOTE = 'mutation { vote(option: "warp") { question } }';
const counted = (values) => values.map(({ data }) => data.countdown);
const warp = ({ data }) => data.poll.options.find(({ id }) => id === 'warp').votes;

/** A client of graphql-ws that tries no second time. */
const modern = (options) => createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, ...options });

async function all(results) {
  const values = [];
  for await (const value of results) values.push(value);
  return values;
}

/** The JSON that POST /graphql answers, or its status. */
async function post(body, type = 'application/json') {
  const answer = await fetch(http, { method: 'POST', headers: { 'content-type': type }, body });
  return answer.ok ? answer.json() : answer.status;
}

/** The status a handshake is refused with. */
async function refused(...offered) {
  const socket = new WebSocket(url, offered);
  socket.on('error', () => {});
  const [, response] = await once(socket, 'unexpected-response');
  socket.terminate();
  return response.statusCode;
}

/** How the server closes after these messages. */
async function closedAfter(...messages) {
  const socket = new WebSocket(url, 'graphql-transport-ws');
  await once(socket, 'open');
  for (const message of messages) socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  const [code, reason] = await once(socket, 'close');
  return `${code} ${reason}`;
}

const checks = {
  async 'a subscription counts down and completes'() {
    const client = modern();
    assert.deepStrictEqual(counted(await all(client.iterate({ query: COUNTDOWN }))), [2, 1, 0]);
    await client.dispose();
  },
  async 'subscriptions share a connection'() {
    const client = modern({ lazy: false });
    const both = await Promise.all([1, 2].map(() => all(client.iterate({ query: COUNTDOWN }))));
    assert.deepStrictEqual(both.map(counted), [[2, 1, 0], [2, 1, 0]]);
    await client.dispose();
  },
  async 'what one posts, another sees'() {
    const client = modern({ connectionParams: { name: 'Ada' } });
    const poll = client.iterate({ query: POLL });
    const before = warp((await poll.next()).value);
    await post(JSON.stringify({ query: VOTE }));
    assert.strictEqual(warp((await poll.next()).value), before + 1);
    assert.strictEqual((await all(client.iterate({ query: VOTE }))).length, 1);
    const { value } = await poll.next();
    assert.deepStrictEqual([warp(value), value.data.poll.latest], [before + 2, 'Ada']);
    await poll.return();
    await client.dispose();
  },
  async 'an operation that is wrong fails alone'() {
    const client = modern({ lazy: false });
    const [result] = await all(client.iterate({ query: 'subscription { nothing }' }));
    assert.match(result.errors[0].message, /nothing/);
    assert.deepStrictEqual(counted(await all(client.iterate({ query: COUNTDOWN }))), [2, 1, 0]);
    await client.dispose();
  },
  async 'queries and mutations go over the socket and over HTTP'() {
    const client = modern();
    const query = '{ poll { question } }';
    const expected = { data: { poll: { question: 'Which server do you run?' } } };
    assert.deepStrictEqual(await all(client.iterate({ query })), [expected]);
    await client.dispose();
    assert.deepStrictEqual(await post(JSON.stringify({ query })), expected);
    assert.strictEqual(await post('{'), 400);
    assert.strictEqual(await post(JSON.stringify({ query }), 'text/plain'), 415);
  },
  async 'the older protocol works, too'() {
    const client = new SubscriptionClient(url, { lazy: true }, WebSocket);
    const values = await new Promise((resolve, reject) => {
      const seen = [];
      const next = (value) => seen.push(value);
      client.request({ query: COUNTDOWN }).subscribe({ next, error: reject, complete: () => resolve(seen) });
    });
    assert.deepStrictEqual(counted(values), [2, 1, 0]);
    client.close();
  },
  async 'without a subprotocol there is no session'() {
    assert.strictEqual(await refused(), 400);
    assert.strictEqual(await refused('soap'), 400);
  },
  async 'the protocol is kept with its own close codes'() {
    const init = { type: 'connection_init' };
    const subscribe = { type: 'subscribe', id: '1', payload: { query: POLL } };
    assert.strictEqual(await closedAfter('{'), '4400 Invalid message');
    assert.strictEqual(await closedAfter(`{"type":"${'x'.repeat(200)}"}`), '4400 Invalid message');
    assert.strictEqual(await closedAfter(subscribe), '4401 Unauthorized');
    assert.strictEqual(await closedAfter({ ...init, payload: { name: 7 } }), '4403 Forbidden');
    assert.strictEqual(await closedAfter(init, init), '4429 Too many initialisation requests.');
  },
};

async function run() {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(reject, DEADLINE, new Error('not done in time')); });
    try {
      await Promise.race([check(), late]);
      console.log(`ok    ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${name}: ${error.message}`);
    } finally {
      clearTimeout(timer);
    }
  }
  process.exit(failed ? 1 : 0);
}
run();
