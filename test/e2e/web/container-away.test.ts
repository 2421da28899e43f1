// An open panel whose server is started anew, and whose engine goes away: it says so, keeps what it knew, and goes on by itself.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { useApi } from '../../support/api.ts';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { startChaosProxy } from '../../support/chaos-proxy.ts';
import { docker } from '../../support/engine.ts';
import { startServerProcess } from '../../support/server-process.ts';

const browser = await startBrowser({ after });
const gone = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|WebSocket|ERR_EMPTY_RESPONSE|503|ERR_INCOMPLETE_CHUNKED/;

test('a server that is started anew under an open panel is found again, without a reload', async (t) => {
  const server = await startServerProcess(t);
  const { name } = await useApi(server, t).create('bridged', {
    command: ['sh', '-c', 'httpd -p 2222; n=0; while sleep 0.3; do n=$((n+1)); echo "tick $n"; done'],
  });
  const sockets = await openDashboard(t, browser, server, { link: `#/containers/${name}` });
  const log = await openDashboard(t, browser, server, { link: `#/containers/${name}/logs` });
  const terminal = await openDashboard(t, browser, server, { link: `#/containers/${name}/terminal` });
  for (const { page, forgive } of [sockets, log, terminal]) {
    forgive(gone);
    await page.evaluate(() => {
      document.body.dataset.page = 'the same';
    });
  }
  await sockets.page.getByRole('cell', { name: '[::]:2222' }).waitFor();
  await log.page.getByText('tick 2', { exact: true }).waitFor();
  await terminal.page.locator('[data-terminal="open"]').waitFor();

  await server.kill('SIGKILL');
  await sockets.page.locator('[data-fresh="stale"]').getByText('disconnected').waitFor();
  await sockets.page.getByRole('cell', { name: '[::]:2222' }).waitFor();
  await sockets.checkAccessibility('sockets of a server that is gone');
  await log.page.locator('.logs-note').filter({ hasText: 'Not live since' }).waitFor();
  await terminal.page.locator('[data-terminal="failed"]').getByText('The terminal was cut').waitFor();
  assert.equal((await docker('exec', '-d', name, 'httpd', '-p', '3333')).code, 0);

  await startServerProcess(t, { port: Number(new URL(server.url).port) });
  const added = sockets.page.getByRole('row').filter({ hasText: '[::]:3333' });
  await added.getByRole('img', { name: 'new' }).waitFor({ timeout: 40_000 });
  await sockets.page.locator('[data-fresh="live"]').waitFor();
  await log.page.waitForFunction(
    () => document.querySelector('.logs-note:last-of-type ~ .logs-line, .logs-note + .logs-line') !== null,
    undefined,
    { timeout: 40_000 },
  );
  const ticks = (await log.page.locator('.logs-text').allTextContents()).map((line) =>
    Number(line.replace('tick ', '')),
  );
  assert.deepEqual(
    ticks,
    ticks.map((_, index) => index + 1),
    'each line once, and none left out',
  );
  await terminal.page.getByRole('button', { name: 'Reconnect' }).click();
  await terminal.page.locator('[data-terminal="open"]').waitFor();
  for (const { page } of [sockets, log, terminal])
    assert.equal(await page.evaluate(() => document.body.dataset.page), 'the same');
});

test('an engine that goes away leaves what was known, told to be old, and nothing to be done until it is back', async (t) => {
  const line = await startChaosProxy(t);
  const server = await startApp(t, { env: { DOCKER_HOST: line.endpoint } });
  const { name } = await useApi(server, t).create('open', {
    command: ['httpd', '-f', '-p', '80'],
    ports: ['127.0.0.1::80'],
  });
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${name}` });
  dashboard.forgive(gone);
  const { page } = dashboard;
  await page.locator('[data-fresh="live"]').waitFor();
  line.set({ kind: 'refuse' });
  line.cut();
  await page.locator('[data-fresh="stale"]').waitFor();
  await page.getByRole('cell', { name: '[::]:80' }).waitFor();
  await page.locator('[data-refusal]').getByText('does not answer').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Stop', exact: true }).isDisabled());
  await dashboard.checkAccessibility('a container of an engine that is away');
  await page.getByRole('link', { name: 'Ports' }).click();
  await page.locator('[data-fresh="failed"]').waitFor();

  line.set({ kind: 'none' });
  await page.locator('[data-fresh="live"]').waitFor({ timeout: 60_000 });
  await page.locator('.ports-path').first().waitFor();
  await page.locator('[data-refusal]').waitFor({ state: 'detached', timeout: 40_000 });
  await page.getByRole('link', { name: 'netstat' }).click();
  await page.locator('[data-fresh="live"]').waitFor({ timeout: 40_000 });
  assert.ok(await page.getByRole('button', { name: 'Stop', exact: true }).isEnabled());
});
