// Engines and their health in a real browser: what can be done there, docker0's settings, dangers, and an engine that goes away.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../../support/app.ts';
import { engineIsAway, openDashboard, startBrowser } from '../../support/browser.ts';
import { startChaosProxy } from '../../support/chaos-proxy.ts';

const browser = await startBrowser({ after });

test('an engine, its settings and dangers, while it is there and while it is not', async (t) => {
  const line = await startChaosProxy(t);
  const server = await startApp(t, { env: { DOCKER_HOST: line.endpoint } });
  const dashboard = await openDashboard(t, browser, server, { link: '#/engines' });
  const { page } = dashboard;
  await page.getByRole('cell', { name: 'live', exact: true }).waitFor();
  await dashboard.checkAccessibility('the engines');
  await page.getByRole('cell', { name: 'local' }).getByRole('link').click();
  await page.getByRole('heading', { name: 'local' }).waitFor();
  await page.getByText('Looking in by the probe').waitFor();
  const config = (await (
    await fetch(`${server.url}/api/v1/engines/local/daemon-config`, { headers: server.headers })
  ).json()) as { effective: object; problems: { code: string }[] };
  await page.locator('.engines-settings').waitFor();
  assert.deepEqual(JSON.parse((await page.locator('.engines-settings').textContent()) ?? ''), config.effective);
  assert.equal(await page.locator('[data-problem]').count(), config.problems.length);
  await dashboard.checkAccessibility('an engine');

  await page.getByRole('link', { name: 'Try other settings in the workbench' }).click();
  await page.getByRole('textbox', { name: 'The text of daemon.json' }).waitFor();
  assert.equal(await page.getByRole('combobox', { name: 'Started on' }).inputValue(), 'engine local');
  await page.goBack();

  dashboard.forgive(...engineIsAway);
  line.set({ kind: 'refuse' });
  line.cut();
  await page.locator('.engines-state').getByText('away').waitFor();
  await page.getByText('What is shown is what was last known').waitFor();
  await dashboard.checkAccessibility('an engine that is away');
  line.set({ kind: 'none' });
  await page.locator('.engines-state').getByText('live').waitFor({ timeout: 40_000 });
  await page.getByRole('combobox', { name: 'Language' }).selectOption('zh');
  await page.getByRole('heading', { name: '此处能做什么' }).waitFor();
});

test('the palette opens an engine by its name', async (t) => {
  const server = await startApp(t);
  const { page } = await openDashboard(t, browser, server);
  await page.locator('[data-connection="live"]').waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('engine: local');
  await page.getByRole('option', { name: 'Engine: local' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'local' }).waitFor();
  await page.locator('.engines-settings').waitFor();
});
