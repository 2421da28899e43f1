// The dashboard's frame in a real browser: getting in and out, links, themes, languages, the palette.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Request } from 'playwright-core';
import { startApp } from '../../support/app.ts';
import { askLoginUrl, openDashboard, startBrowser } from '../../support/browser.ts';
import { send } from '../../support/raw-http.ts';
import { waitFor } from '../../support/wait-for.ts';

const server = await startApp({ after });
const browser = await startBrowser({ after });

test('the login URL logs in once, and its code stays in no history', async (t) => {
  const url = await askLoginUrl(server);
  const first = await openDashboard(t, browser, server, { logIn: false });
  await first.page.goto(url);
  await first.page.getByRole('navigation').waitFor();
  assert.doesNotMatch(first.page.url(), /code/);
  assert.equal(await first.page.evaluate(() => document.cookie), '');
  await first.page.locator('[data-connection="live"]').waitFor();

  const second = await openDashboard(t, browser, server, { logIn: false });
  second.forgive(/401/);
  await second.page.goto(url);
  await second.page.getByText('login code').first().waitFor();
  await second.page.getByLabel('Token').fill(server.token);
  await second.page.getByRole('button', { name: 'Log in' }).click();
  await second.page.getByRole('navigation').waitFor();
});

test('a token that the server does not know is refused beside the field', async (t) => {
  const dashboard = await openDashboard(t, browser, server, { logIn: false });
  dashboard.forgive(/401/);
  await dashboard.checkAccessibility('the login form');
  const { page } = dashboard;
  await page.getByLabel('Token').fill('nobody-has-this-token-0123456789');
  // The browser gives up what it is sending when a network of the machine comes or goes: a person would try again.
  await waitFor(
    async (see) => {
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('alert').waitFor();
      return see(await page.getByRole('alert').filter({ hasText: 'token' }).count()) > 0;
    },
    { what: 'the refusal of the token', timeoutMs: 60_000 },
  );
});

test('logging out forgets the token', async (t) => {
  const dashboard = await openDashboard(t, browser, server);
  // What was on its way when the session ended is refused; the browser says so on its console.
  dashboard.forgive(/401/);
  const { page } = dashboard;
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByText('Logged out').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem('terrarium.token')), null);
  await page.reload();
  await page.getByRole('button', { name: 'Log in' }).waitFor();
});

test('logging out aborts every request that reads for the session', async (t) => {
  const dashboard = await openDashboard(t, browser, server);
  dashboard.forgive(/401/);
  const { page } = dashboard;
  await page.locator('[data-connection="live"]').waitFor();
  const paths = ['containers', 'engines', 'labs', 'networks', 'session'].map((name) => `/api/v1/${name}`);
  const asked = new Set<string>();
  const aborted = new Set<string>();
  const pathOf = (request: Request) => new URL(request.url()).pathname;
  // The server's answers do not arrive while the person is logged in: so each request is under way at the log-out.
  await page.route(
    (url) => paths.includes(url.pathname),
    (route) => {
      if (route.request().method() === 'GET') asked.add(pathOf(route.request()));
      else void route.continue();
    },
  );
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText === 'net::ERR_ABORTED') aborted.add(pathOf(request));
  });
  await waitFor(
    async (see) => {
      // The page reads everything again when it becomes visible.
      await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
      return see([...asked].sort()).length === paths.length;
    },
    { what: 'all lists to be read' },
  );
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByText('Logged out').waitFor();
  await waitFor((see) => see([...aborted].sort()).length === paths.length, { what: 'all requests to be aborted' });
});

test('a session that the server does not know any more leads to the login form, and back to where one was', async (t) => {
  const dashboard = await openDashboard(t, browser, server, { link: '#/engines' });
  dashboard.forgive(/401/);
  const { page } = dashboard;
  await page.getByRole('heading', { name: 'Engines' }).waitFor();
  await page.evaluate(() => sessionStorage.setItem('terrarium.token', 'nobody-has-this-token-0123456789'));
  await page.reload();
  await page.getByText('The session is over').waitFor();
  await page.getByLabel('Token').fill(server.token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'Engines' }).waitFor();
  // By a login URL as well, which is another page.
  await page.evaluate(() => sessionStorage.setItem('terrarium.token', 'nobody-has-this-token-0123456789'));
  await page.reload();
  await page.getByText('The session is over').waitFor();
  await page.goto(await askLoginUrl(server));
  await page.getByRole('heading', { name: 'Engines' }).waitFor();
});

test('a link to a view that does not exist says so', async (t) => {
  const { page } = await openDashboard(t, browser, server, { link: '#/nowhere' });
  await page.getByRole('heading', { name: 'There is no view "nowhere"' }).waitFor();
});

test('each view has a link, and is named in the title', async (t) => {
  const dashboard = await openDashboard(t, browser, server);
  const { page } = dashboard;
  const names: string[] = [];
  for (const link of await page.getByRole('navigation').locator('a[href^="#/"]').all()) {
    const name = await link.innerText();
    names.push(name);
    await link.click();
    await page.waitForFunction((title) => document.title === title, `${name} · Terrarium`);
    assert.equal(await link.getAttribute('aria-current'), 'page');
    // A view is fetched when it is first asked for.
    await page.locator('h1').first().waitFor({ state: 'attached' });
    await dashboard.checkAccessibility(name);
  }
  await page.goBack();
  await page.waitForFunction((title) => document.title === title, `${names.at(-2)} · Terrarium`);
});

test('themes and languages hold after a reload, and keep their contrast', async (t) => {
  const dashboard = await openDashboard(t, browser, server, { link: '#/containers' });
  const { page } = dashboard;
  for (const theme of ['light', 'dark', 'projector']) {
    await page.getByLabel('Theme').selectOption(theme);
    await page.reload();
    assert.equal(await page.locator('html').getAttribute('data-theme'), theme);
    await page.getByRole('heading', { name: 'Containers' }).waitFor();
    await dashboard.checkAccessibility(`the theme ${theme}`);
  }
  await page.getByLabel('Language').selectOption('zh');
  await page.getByRole('heading', { name: '容器' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
  await page.reload();
  await page.getByRole('heading', { name: '容器' }).waitFor();
});

test('the language of the browser and the theme of the system are the first choice', async (t) => {
  const { page } = await openDashboard(t, browser, server, { context: { locale: 'zh-CN', colorScheme: 'dark' } });
  await page.getByRole('link', { name: '引擎' }).waitFor();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(16, 22, 19)');
});

test('the palette is opened, searched and used by the keyboard', async (t) => {
  const dashboard = await openDashboard(t, browser, server);
  const { page } = dashboard;
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog', { name: 'Commands' }).waitFor();
  await dashboard.checkAccessibility('the palette');
  await page.keyboard.type('go engines');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Engines' }).waitFor();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type('dark');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('the palette has the focus before the next key can come', async (t) => {
  const { page } = await openDashboard(t, browser, server);
  await page.locator('[data-connection="live"]').waitFor();
  const focused = await page.evaluate(async () => {
    dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }));
    // Microtasks only: no frame is painted, and no event comes.
    for (let i = 0; i < 10; i += 1) await null;
    return document.activeElement?.getAttribute('role');
  });
  assert.equal(focused, 'combobox');
});

test('built files are cached for ever and sent compressed; the page is asked for anew', async () => {
  const page = await send(server.url, { path: '/' });
  assert.equal(page.headers['cache-control'], 'no-cache');
  const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(page.text) ?? [];
  const plain = await send(server.url, { path: script });
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.match(String(plain.headers['content-type']), /^text\/javascript/);
  assert.match(String(plain.headers['cache-control']), /immutable/);
  for (const [accepted, encoding] of [
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
  ]) {
    const answer = await fetch(`${server.url}${script}`, { headers: { 'accept-encoding': accepted ?? '' } });
    assert.equal(answer.headers.get('content-encoding'), encoding, accepted);
    assert.equal(await answer.text(), plain.text);
  }
  for (const path of ['/assets/nothing.js', '/assets/..%2Findex.html', '/assets/%2e%2e%2findex.html'])
    assert.equal((await send(server.url, { path })).status, 404, path);
});

test('the first page weighs little, and everything comes from here', async (t) => {
  const { page } = await openDashboard(t, browser, server);
  await page.locator('.map').waitFor();
  const names = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
  for (const name of names) assert.ok(name.startsWith(`${server.url}/`), name);
  const files = [`${server.url}/`, ...names.filter((name) => !name.includes('/api/'))];
  const sizes = await Promise.all(
    files.map(async (file) => gzipSync(Buffer.from(await (await fetch(file)).arrayBuffer()), { level: 9 }).length),
  );
  const bytes = sizes.reduce((sum, one) => sum + one, 0);
  assert.ok(files.length >= 4, files.join());
  assert.ok(bytes > 10_000 && bytes <= 200_000, `${bytes} bytes by gzip`);
});
