// The read-only link of the dashboard: made by a click, opened elsewhere once, and a page on it that offers nothing that would change anything.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { createTestContainer } from '../../support/engine.ts';

const server = await startApp({ after });
const browser = await startBrowser({ after });

test('a link for the projector sees what there is, and offers no action', async (t) => {
  const { name } = await createTestContainer(t);
  const teacher = await openDashboard(t, browser, server);
  await teacher.page.getByRole('button', { name: 'Read-only link' }).click();
  const link = teacher.page.getByLabel('Link', { exact: true });
  await teacher.page.waitForFunction(() => document.querySelector('dialog input')?.getAttribute('value') !== '');
  await teacher.checkAccessibility('the read-only link');
  const url = await link.inputValue();
  assert.match(url, /\/login#code=/);
  await teacher.page.keyboard.press('Escape');

  const projector = await openDashboard(t, browser, server, { logIn: false });
  const { page } = projector;
  await page.goto(url);
  await page.getByText('Read-only', { exact: true }).waitFor();
  await projector.goTo('#/containers?scope=all');
  await page.getByRole('link', { name }).waitFor();
  await projector.checkAccessibility('a page that may only look');
  assert.equal(await page.getByRole('button', { name: 'Read-only link' }).count(), 0);
  await page.reload();
  await page.getByText('Read-only', { exact: true }).waitFor();
  await page.getByRole('link', { name }).waitFor();
  assert.notEqual(await page.evaluate(() => sessionStorage.getItem('terrarium.token')), server.token);
  await page.getByLabel('Language').selectOption('zh');
  await page.getByText('只读', { exact: true }).waitFor();

  const second = await openDashboard(t, browser, server, { logIn: false });
  second.forgive(/401/);
  await second.page.goto(url);
  await second.page.getByText('login code').first().waitFor();
});
