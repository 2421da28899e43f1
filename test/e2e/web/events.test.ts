// The timeline of events in a real browser: the past, what comes, filters, pause, and the gap of a server that was started anew.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { createTestContainer, dockerApi, removeContainer } from '../../support/engine.ts';
import { startServerProcess } from '../../support/server-process.ts';

const browser = await startBrowser({ after });

test('what happened before and what happens now is a line each, filtered, paused and honest about a gap', async (t) => {
  const server = await startServerProcess(t);
  const past = await createTestContainer(t);
  const dashboard = await openDashboard(t, browser, server, { link: `#/events?scope=all&container=${past.name}` });
  const { page } = dashboard;
  const list = page.getByRole('list', { name: 'Events, newest first' });
  await list.locator('[data-event="container.started"]').filter({ hasText: past.name }).waitFor();
  assert.equal(await list.locator('[data-gap]').count(), 0, 'nothing is missing');
  await dashboard.checkAccessibility('the timeline');

  assert.ok((await dockerApi('POST', `/containers/${past.name}/stop?t=0`)).status < 300);
  const stopped = list.locator('[data-event="container.stopped"]').filter({ hasText: past.name });
  await stopped.getByText('with exit code').waitFor();
  assert.equal(
    (await list.locator('li').first().getAttribute('data-event')) === 'container.created',
    false,
    'newest first',
  );
  await stopped.getByRole('link', { name: past.name }).waitFor();

  // Kinds, and what Terrarium did not make is left out unless it is asked for.
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('namespaces');
  await list.locator('[data-event="namespace.gone"]').first().waitFor();
  assert.equal(await list.locator('[data-event^="container."]').count(), 0);
  assert.match(page.url(), /kind=namespace/);
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('Everything');
  await page.getByRole('checkbox').uncheck();
  await list.locator('[data-event]').filter({ hasText: past.name }).first().waitFor({ state: 'detached' });
  await page.getByRole('checkbox').check();

  await page.getByRole('button', { name: 'Pause' }).click();
  await removeContainer(past.name);
  await page.getByText(/\d+ events? waits?/).waitFor();
  await page.waitForFunction(
    () => !/^0 /.test(document.querySelector('.events-bar [role="status"]')?.textContent ?? '0 '),
  );
  assert.equal(await list.locator('[data-event="container.removed"]').count(), 0);
  await page.getByRole('button', { name: 'Go on' }).click();
  const removed = list.locator('[data-event="container.removed"]').filter({ hasText: past.name });
  await removed.waitFor();
  assert.equal(await removed.getByRole('link').count(), 0, 'of what is gone there is nothing to open');

  await page.getByRole('button', { name: 'Copy as…' }).click();
  const ways = page.locator('.copy-as-ways button');
  assert.deepEqual(await ways.allTextContents(), ['curl', 'curl (SSE)', 'CLI', 'wscat']);
  assert.match((await ways.nth(1).getAttribute('title')) ?? '', /Accept: text\/event-stream/);
  await page.getByRole('button', { name: 'Copy as…' }).click();

  dashboard.forgive(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket|ERR_EMPTY_RESPONSE|503/);
  await server.kill('SIGKILL');
  await page.locator('[data-connection="lost"]').waitFor();
  await startServerProcess(t, { port: Number(new URL(server.url).port) });
  await list.locator('[data-gap="restarted"]').waitFor({ timeout: 40_000 });
  await page.getByRole('combobox', { name: 'Language' }).selectOption('zh');
  await page.getByText('服务器在此处重新启动').waitFor();
  await page.getByText('已删除').first().waitFor();
  await dashboard.checkAccessibility('the timeline in Chinese');
});
