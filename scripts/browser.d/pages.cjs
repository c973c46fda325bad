// Drives the pages of the examples routes and auth. Usage: pages.cjs CHROMIUM routes|auth URL
'use strict';
const assert = require('node:assert');
const { chromium } = require('playwright-core');

const [executablePath, example, url] = process.argv.slice(2);
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
};

async function main() {
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const page = await browser.newPage();
  page.setDefaultTimeout(DEADLINE);
  const troubles = [];
  page.on('pageerror', (error) => troubles.push(error.message));
  await page.goto(url.replace(/^ws/, 'http'));
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
