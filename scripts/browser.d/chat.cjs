// Drives the chat page in two tabs. Usage: chat.cjs CHROMIUM SCREENSHOTS WSCAT COMMAND...
// COMMAND... --listen ADDR serves the page and prints its address; SCREENSHOTS is a folder, WSCAT the example; either may be empty.
'use strict';
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { chromium } = require('playwright-core');

const [executablePath, screenshots, wscat, ...command] = process.argv.slice(2);
const DEADLINE = 30_000; // milliseconds for whatever is waited for
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const MARKUP = '<img src=x onerror="document.title=\'injected\'"> <b>bold</b> & co';

let server;
const troubles = []; // of the pages

/** Starts the server and resolves to the address it prints, as host:port. */
async function serve(address) {
  server = spawn(command[0], [...command.slice(1), '--listen', address], { stdio: ['ignore', 'pipe', 'inherit'] });
  const started = server;
  const ended = new Promise((_, reject) => started.on('close', (code) => reject(new Error(`the server ended with ${code}`))));
  ended.catch(() => {});
  const [line] = await Promise.race([once(createInterface(server.stdout), 'line'), ended]);
  const found = /(?:https?|wss?):\/\/([^/\s]+)/.exec(line);
  assert(found, `no address in: ${line}`);
  return found[1];
}

async function stop() {
  const ended = once(server, 'close');
  server.kill();
  await ended;
}

async function tab(browser, url, options) {
  const page = await (await browser.newContext(options)).newPage();
  page.setDefaultTimeout(DEADLINE);
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('console', (message) => {
    // Chromium reports each attempt to reconnect while the server is away, and that it asks us to log in.
    const expected = /^(WebSocket connection|Failed to load resource)/;
    if (message.type() === 'error' && !expected.test(message.text())) troubles.push(message.text());
  });
  await page.goto(url);
  return page;
}

async function join(page, name, room) {
  await page.fill('#name', name);
  await page.fill('#room', room);
  await page.press('#name', 'Enter');
  await connected(page);
}

async function say(page, text) {
  await page.fill('#text', text);
  await page.click('#send');
}

const state = (page, value) => page.waitForSelector(`#state[data-state=${value}]`);
const connected = (page) => state(page, 'open');
const text = (page, selector, value) => page.locator(selector).getByText(value).last().waitFor();
const shows = (page, value) => text(page, '#messages', value);

async function check(name, run) {
  try {
    await run();
  } catch (error) {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  }
  console.log(`ok    ${name}`);
}

async function main() {
  const address = await serve('127.0.0.1:0');
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  let ada, bo;

  await check('the page opens in two tabs', async () => {
    ada = await tab(browser, `http://${address}/`, { viewport: { width: 1100, height: 760 }, colorScheme: 'light' });
    bo = await tab(browser, `http://${address}/`, { viewport: { width: 390, height: 844 }, colorScheme: 'dark', deviceScaleFactor: 2 });
  });
  await check('both join and see each other', async () => {
    await join(ada, 'Ada', 'tea & cake');
    await join(bo, 'Bo', 'tea & cake');
    await shows(ada, 'Bo joined');
    await text(ada, '#title', '# tea & cake');
    await text(ada, '#people', '2 online: Ada, Bo');
    await text(bo, '#people', '2 online: Ada, Bo');
  });
  await check('a name is taken once', async () => {
    const other = await tab(browser, `http://${address}/`);
    await other.fill('#name', 'Ada');
    await other.press('#name', 'Enter');
    await text(other, '#trouble', 'somebody has this name already');
    await other.close();
  });
  await check('one sees the other typing', async () => {
    await bo.locator('#text').pressSequentially('Hm');
    await text(ada, '#typing', 'Bo is typing…');
  });
  await check('a message crosses, and its answer', async () => {
    await say(ada, 'Is anybody there? One café, s’il vous plaît ✓');
    await shows(bo, 'Is anybody there? One café, s’il vous plaît ✓');
    await text(bo, '.said:not(.own) .author', 'Ada');
    await say(bo, 'Right here, in the other tab');
    await shows(ada, 'Right here, in the other tab');
    await text(ada, '.own .bubble', 'Is anybody there?');
  });
  if (wscat) {
    await check('the command-line client talks to the browsers', async () => {
      const cy = await fetch(`http://${address}/login`, { method: 'POST', body: 'Cy' });
      const url = `ws://${address}/rooms/${encodeURIComponent('tea & cake')}`;
      const client = spawn(wscat, [url, '--header', `Authorization: Bearer ${await cy.text()}`], { stdio: ['pipe', 'pipe', 'inherit'] });
      const heard = createInterface(client.stdout)[Symbol.asyncIterator]();
      await shows(ada, 'Cy joined');
      client.stdin.write('{"type":"say","text":"Hello from a shell"}\n');
      await shows(bo, 'Hello from a shell');
      await say(ada, 'Hello shell');
      let line;
      do line = (await heard.next()).value; while (line !== undefined && !line.includes('Hello shell'));
      assert(line, 'it heard the answer');
      client.stdin.end();
      await shows(ada, 'Cy left');
    });
  }
  if (screenshots) {
    await ada.screenshot({ path: path.join(screenshots, 'chat.png') });
    await bo.screenshot({ path: path.join(screenshots, 'chat-phone.png') });
  }
  await check('markup stays text', async () => {
    await say(ada, MARKUP);
    await shows(bo, MARKUP);
    assert.strictEqual(await bo.locator('#messages img, #messages b').count(), 0);
    assert.strictEqual(await bo.title(), 'switchwire chat');
  });
  await check('both notice that the server is gone', async () => {
    await stop();
    await state(ada, 'connecting');
    await shows(bo, 'The server is going away for a moment');
  });
  await check('both come back with the server, and talk', async () => {
    await serve(address);
    await connected(ada);
    await connected(bo);
    await shows(ada, 'The server was started anew');
    await text(ada, '#people', '2 online');
    await say(bo, 'Still here');
    await shows(ada, 'Still here');
  });
  await check('a closed tab leaves', async () => {
    await bo.close();
    await shows(ada, 'Bo left');
    await text(ada, '#people', '1 online');
  });
  await check('no error in the page', async () => {
    assert.deepStrictEqual(troubles, []);
  });
  await browser.close();
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
process.on('exit', () => server?.kill());
main().then(
  () => process.exit(0),
  (error) => {
    console.log(`FAIL  ${error.message}`);
    troubles.forEach((trouble) => console.log(`      the page said: ${trouble}`));
    process.exit(1);
  },
);
