// A lesson in the dashboard from start to finish: begun, proved step by step, broken and mended, in English and Chinese, and gone in the end.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { docker } from '../../support/engine.ts';
import { clearLab, findLeft, labName } from '../../support/labs.ts';
import { letTimePass } from '../../support/wait-for.ts';

const server = await startApp({ after });
const browser = await startBrowser({ after });

test('a lesson from start to finish, in both languages', async (t) => {
  const who = labName();
  const lab = `closed.${who}`;
  t.after(() => clearLab(lab));
  const dashboard = await openDashboard(t, browser, server, { link: '#/labs' });
  // A lab that is not there yet, or has just gone, may be asked for; the browser says so on its console.
  dashboard.forgive(/404/);
  const { page } = dashboard;
  await page.getByRole('link', { name: 'The closed container' }).click();
  await page.getByLabel('For whom').fill(who);
  // What is typed stays when the list of labs is read again meanwhile.
  await page.waitForResponse((answer) => new URL(answer.url()).pathname === '/api/v1/labs');
  await letTimePass(100, 'the page draws the list that it has just read');
  assert.equal(await page.getByLabel('For whom').inputValue(), who);
  await page.getByLabel('For whom').press('Enter');
  await page.getByText(`${lab}-t1`).first().waitFor();
  await page.getByText('2 to create').waitFor();
  await dashboard.checkAccessibility('a lesson before it begins');
  await page.getByRole('button', { name: 'Begin the lesson' }).click();
  const steps = page.locator('[data-step]');
  await page.locator('[data-holding="9"]').waitFor({ timeout: 60_000 });
  assert.equal(await steps.count(), 6);
  assert.equal(await page.locator('[data-step="done"]').count(), 6);
  await page.getByText('A closed container has the interface lo and no other.').first().waitFor();

  // A student tries what the lesson warns of.
  await docker('network', 'disconnect', 'none', `${lab}-t1`);
  await docker('network', 'connect', 'bridge', `${lab}-t1`);
  await page.getByLabel('Language').selectOption('zh');
  const broken = page.locator('[data-check="lo-only"][data-status="fail"]').first();
  await broken.getByText('它接入了某个网络').waitFor({ timeout: 60_000 });
  assert.ok((await page.locator('[data-step="open"]').count()) > 0);
  await page.getByText('封闭式容器只有 lo 这一个接口。').first().waitFor();
  await dashboard.checkAccessibility('a lesson with a mistake, in Chinese');
  // The way out that the hint names.
  await docker('network', 'disconnect', 'bridge', `${lab}-t1`);
  await page.locator('[data-holding="9"]').waitFor({ timeout: 60_000 });

  await page.getByRole('button', { name: '删除实验' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '删除实验' }).click();
  await page.getByRole('button', { name: '开始课程' }).waitFor({ timeout: 60_000 });
  assert.deepEqual(await findLeft(lab), []);
});
