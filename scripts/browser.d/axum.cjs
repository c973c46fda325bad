// Drives the example axum-app, which serves over TLS. Usage: axum.cjs CHROMIUM BINARY
'use strict';
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { createInterface } = require('node:readline');
const { chromium } = require('playwright-core');

const [executablePath, binary] = process.argv.slice(2);
const DEADLINE = 30_000; // milliseconds for whatever is waited for
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];

async function check(name, run) {
  try {
    await run();
  } catch (error) {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  }
  console.log(`ok    ${name}`);
}

const shows = (page, selector, value) => page.locator(selector).getByText(value).waitFor();

/** What a WebSocket of the page's origin does: its first message after `say`, or how it closed. */
const socket = (page, path, say) => page.evaluate(([path, say]) => new Promise((resolve) => {
  const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + path);
  socket.onopen = () => { if (say) socket.send(say); };
  socket.onmessage = ({ data }) => { resolve(data); socket.close(); };
  socket.onclose = ({ code }) => resolve(`closed with ${code}`);
}), [path, say]);

async function enter(browser, url, name) {
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  page.setDefaultTimeout(DEADLINE);
  await page.goto(url);
  await page.fill('[name=name]', name);
  await page.press('[name=name]', 'Enter');
  await shows(page, '#lines', `${name} has entered room 1`);
  return page;
}

async function main() {
  const server = spawn(binary, ['--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => server.kill('SIGKILL'));
  const lines = createInterface(server.stdout);
  const [line] = await once(lines, 'line');
  const [url] = /https:\S+/.exec(line);
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  let ada, bob;
  await check('two people enter by their HTTP sessions, over TLS', async () => {
    ada = await enter(browser, url, 'ada');
    bob = await enter(browser, url, 'bob');
    await shows(ada, '#lines', 'bob has entered room 1');
  });
  await check('a message reaches both', async () => {
    await bob.fill('[name=text]', 'héllo');
    await bob.press('[name=text]', 'Enter');
    await shows(ada, '#lines', 'bob: héllo');
    await shows(bob, '#lines', 'bob: héllo');
  });
  await check('the WebSockets of axum stand beside ours', async () => {
    assert.strictEqual(await socket(ada, '/axum/echo', 'back'), 'back');
    assert.strictEqual(await socket(ada, '/axum/greet/eve', ''), 'hello eve');
  });
  await check('without a login there is no session', async () => {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    await page.goto(url);
    assert.strictEqual(await socket(page, '/rooms/1', ''), 'closed with 1006');
  });
  await check('a session outlives the timeout of the layers', async () => {
    await ada.waitForTimeout(6_000); // the layer's is 5 s
    await ada.fill('[name=text]', 'still here');
    await ada.press('[name=text]', 'Enter');
    await shows(bob, '#lines', 'ada: still here');
  });
  await check('the application ends its sessions and then itself', async () => {
    const ended = once(server, 'exit');
    const last = once(lines, 'line');
    server.kill('SIGTERM');
    await shows(ada, '#state', 'closed with 1001');
    await shows(bob, '#state', 'closed with 1001');
    assert.deepStrictEqual(await last, ['stopped']);
    assert.deepStrictEqual(await ended, [0, null]);
  });
  await browser.close();
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
main().then(
  () => process.exit(0),
  (error) => {
    console.log(`FAIL  ${error.message}`);
    process.exit(1);
  },
);
