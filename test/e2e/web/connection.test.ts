// What the dashboard says when the server or an engine goes away under an open page, and that it goes on by itself when they are back.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { startChaosProxy } from '../../support/chaos-proxy.ts';
import { createTestContainer, removeContainer } from '../../support/engine.ts';
import { startServerProcess } from '../../support/server-process.ts';

const browser = await startBrowser({ after });

test('a server that is started anew is found again without a reload, and what happened meanwhile is shown', async (t) => {
  const server = await startServerProcess(t);
  const dashboard = await openDashboard(t, browser, server, { link: '#/containers?scope=all' });
  const { page } = dashboard;
  const before = await createTestContainer(t);
  await page.getByRole('link', { name: before.name }).waitFor();
  await page.evaluate(() => {
    document.body.dataset.page = 'the same';
  });

  dashboard.forgive(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket|ERR_EMPTY_RESPONSE|503/);
  await server.kill('SIGKILL');
  await page.locator('[data-notice="connection"]').waitFor();
  await page.locator('[data-connection="lost"]').waitFor();
  assert.equal(await page.getByRole('link', { name: before.name }).count(), 1, 'what was known is still shown');
  await dashboard.checkAccessibility('a lost connection');
  const meanwhile = await createTestContainer(t);
  await removeContainer(before.name);

  await startServerProcess(t, { port: Number(new URL(server.url).port) });
  await page.getByRole('link', { name: meanwhile.name }).waitFor({ timeout: 40_000 });
  await page.getByRole('link', { name: before.name }).waitFor({ state: 'detached' });
  await page.locator('[data-connection="live"]').waitFor();
  assert.equal(await page.locator('[data-notice="connection"]').count(), 0);
  assert.equal(await page.evaluate(() => document.body.dataset.page), 'the same');
});

test('an engine that goes away is told at once, and its return as well', async (t) => {
  const line = await startChaosProxy(t);
  const server = await startApp(t, { env: { DOCKER_HOST: line.endpoint } });
  const dashboard = await openDashboard(t, browser, server, { link: '#/engines' });
  const { page } = dashboard;
  await page.getByRole('cell', { name: 'live', exact: true }).waitFor();
  line.set({ kind: 'refuse' });
  line.cut();
  await page.locator('[data-notice="engine local"]').getByText('has not answered since').waitFor();
  await page.getByRole('cell', { name: 'away', exact: true }).waitFor();
  assert.equal(await page.locator('[data-connection="live"]').count(), 1, 'the server itself is there');
  line.set({ kind: 'none' });
  await page.getByRole('cell', { name: 'live', exact: true }).waitFor({ timeout: 40_000 });
  await page.locator('[data-notice="engine local"]').waitFor({ state: 'detached' });
});

test('a container that comes, changes and goes is followed by events', async (t) => {
  const server = await startApp(t);
  const { page } = await openDashboard(t, browser, server, { link: '#/containers?scope=all' });
  await page.getByRole('heading', { name: 'Containers' }).waitFor();
  const { name } = await createTestContainer(t, { start: false });
  const row = page.getByRole('row').filter({ hasText: name });
  await row.getByRole('cell', { name: 'created' }).waitFor();
  await page.getByRole('searchbox').fill(`${name} created`);
  assert.equal(await page.locator('tbody tr').count(), 1);
  await removeContainer(name);
  await row.waitFor({ state: 'detached' });
});
