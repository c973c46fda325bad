// Drives the pages of the examples routes, auth and graphql. Usage: pages.cjs CHROMIUM SCREENSHOTS routes|auth|graphql URL
// SCREENSHOTS is a folder, or empty.
'use strict';
const assert = require('node:assert');
const path = require('node:path');
const { chromium } = require('playwright-core');

const [executablePath, screenshots, example, url] = process.argv.slice(2);
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

/** Fills in a form and submits it. */
async function submit(form, values) {
  for (const [name, value] of Object.entries(values)) await form.locator(`[name=${name}]`).fill(value);
  await form.locator('button').click();
}

const shows = (page, selector, value) => page.locator(selector).getByText(value).waitFor();

const checks = {
  async routes(page) {
    const section = (number) => page.locator('section').nth(number);
    const output = (number, value) => section(number).locator('output').getByText(value).waitFor();
    await check('the page shouts over its own path', async () => {
      await submit(section(0).locator('form'), { text: 'héllo' });
      await output(0, 'HÉLLO');
      await output(0, '(closed with 1000)');
    });
    await check('parameters arrive as they were typed', async () => {
      await submit(section(1).locator('form'), { room: 'a/b %41?', name: 'x&y=z+1' });
      await output(1, 'Welcome to a/b %41?, x&y=z+1.');
    });
    await check('it counts, and fails with 1011', async () => {
      await submit(section(2).locator('form'), { from: '7', to: '9' });
      await output(2, '(closed with 1000)');
      assert.strictEqual(await section(2).locator('output').innerText(), '7\n8\n9\n(closed with 1000)');
      await submit(section(2).locator('form'), { from: 'seven', to: '9' });
      await output(2, '(closed with 1011)');
    });
  },

  async auth(page) {
    await check('without a login the page says 401', async () => {
      await submit(page.locator('#connect'), { token: '' });
      await shows(page, '#state', 'Refused with 401');
    });
    await check('a wrong password is refused', async () => {
      await submit(page.locator('#login'), { name: 'alice', password: 'builder' });
      await shows(page, '#who', 'Refused (401): wrong name or password');
    });
    await check('after the login the socket knows the user', async () => {
      await submit(page.locator('#login'), { name: 'alice', password: 'wonderland' });
      await shows(page, '#who', 'Logged in as alice.');
      assert.strictEqual(await page.evaluate('document.cookie'), '', 'no script can read the cookie');
      await submit(page.locator('#connect'), { token: '' });
      await shows(page, '#notes', 'Hello alice.');
      await submit(page.locator('#write'), { text: 'milk' });
      await shows(page, '#notes', 'alice wrote: milk');
    });
    await check('a wrong token gets 401 although the cookie is good', async () => {
      await submit(page.locator('#connect'), { token: '0'.repeat(32) });
      await shows(page, '#state', 'Refused with 401: this token is not good. Log in first.');
    });
  },

  async graphql(page) {
    const other = await open(page.context());
    const vote = (tab, name) => tab.locator('#options button', { hasText: name }).click();
    await check('a vote moves the bars of both tabs', async () => {
      await shows(other, '#latest', 'Nobody has voted yet.');
      for (const name of ['hyper', 'hyper', 'actix-web', 'warp', 'hyper']) await vote(page, name);
      await shows(other, '#latest', '5 votes');
      assert.match(await other.locator('#options').innerText(), /hyper\s+3\s+actix-web\s+1\s+warp\s+1/);
    });
    await check('a subscription counts down on the page', async () => {
      await page.click('#run');
      await shows(page, '#output', '(complete)');
      assert.strictEqual((await page.locator('#output').innerText()).match(/countdown/g).length, 6);
    });
    if (screenshots) await page.screenshot({ path: path.join(screenshots, 'graphql.png'), fullPage: true });
    await check('a query goes over HTTP', async () => {
      await page.selectOption('#preset', { label: 'Query: the poll' });
      await page.click('#run');
      await shows(page, '#output', '"question": "Which server do you run?"');
    });
    await check('stopping a subscription stops it', async () => {
      await page.selectOption('#preset', { label: 'Subscription: the poll' });
      await page.click('#run');
      await shows(page, '#output', '"votes":3');
      await page.click('#stop');
      for (const votes of [6, 7]) {
        await vote(page, 'warp');
        await shows(page, '#latest', `${votes} votes`);
      }
      assert.doesNotMatch(await page.locator('#output').innerText(), /"warp","votes":[23]/);
    });
  },
};

const troubles = []; // of the pages

async function open(context) {
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE);
  page.on('pageerror', (error) => troubles.push(error.message));
  await page.goto(url.replace(/^ws/, 'http'));
  return page;
}

async function main() {
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const page = await open(await browser.newContext({ viewport: { width: 1000, height: 560 }, colorScheme: 'light' }));
  await checks[example](page);
  await check('no error in the page', async () => assert.deepStrictEqual(troubles, []));
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
