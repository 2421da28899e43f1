// The log of a container's panel: followed, held still, searched; and nothing in it is ever anything but text.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { useApi } from '../../support/api.ts';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';

const server = await startApp({ after });
const api = useApi(server, { after });
const browser = await startBrowser({ after });

test('what is written is followed with its colours, over a restart, with times, and held still', async (t) => {
  const { name } = await api.create('bridged', {
    command: [
      'sh',
      '-c',
      String.raw`trap exit TERM; printf '\033[31mred\033[0m \033[1;38;5;33mblue\nstill blue\033[0m plain\n'; echo oops >&2; n=0; while sleep 0.2; do n=$((n+1)); echo "tick $n"; done`,
    ],
  });
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${name}/logs` });
  const { page } = dashboard;
  const log = page.getByRole('region', { name: `Log of ${name}` });
  await log.locator('.ansi-fg-1').filter({ hasText: /^red$/ }).waitFor();
  await log
    .locator('.ansi-fg-4.ansi-bold')
    .filter({ hasText: /^still blue$/ })
    .waitFor();
  await log.locator('.logs-stderr').filter({ hasText: 'oops' }).waitFor();
  await log.getByText('tick 3', { exact: true }).waitFor();
  await dashboard.checkAccessibility('logs');

  await page.getByRole('button', { name: 'Pause' }).last().click();
  const shown = await log.locator('.logs-line').count();
  await page.getByText(/Paused; [2-9] lines came since/).waitFor();
  assert.equal(await log.locator('.logs-line').count(), shown);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.waitForFunction((before) => document.querySelectorAll('.logs-line').length > before + 1, shown);

  await page.getByLabel('Times').check();
  await log
    .locator('time')
    .filter({ hasText: /^\d\d:\d\d:\d\d\.\d{3}$/ })
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Restart' }).click();
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll('.logs-line')].filter((line) => line.textContent?.endsWith('tick 1')).length === 2,
  );
  const isAtEnd = await log.evaluate(
    ({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < 40,
  );
  assert.ok(isAtEnd, 'it goes along with what comes');
});

test('a text is found, gone to by the keyboard, and alone shown', async (t) => {
  const { name } = await api.create('bridged', {
    command: [
      'sh',
      '-c',
      String.raw`for n in $(seq 1 300); do echo "line $n"; done; printf 'half \033[32mNeedle\033[0m\n'; for n in $(seq 1 300); do echo "more $n"; done; printf 'nee\033[1mdle\n'; sleep 3600`,
    ],
  });
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${name}/logs` });
  const { page } = dashboard;
  await page.getByText('more 300', { exact: true }).waitFor();
  await page.getByRole('searchbox', { name: 'Find' }).fill('needle');
  await page.getByText('In 2 lines.').waitFor();
  await page.keyboard.press('Enter');
  const chosen = page.locator('.logs-chosen');
  await chosen.getByText('Needle').waitFor();
  assert.ok(
    await chosen.evaluate((one) => {
      const { top, bottom } = one.getBoundingClientRect();
      const box = document.querySelector('.logs-box')?.getBoundingClientRect();
      return box !== undefined && top >= box.top && bottom <= box.bottom;
    }),
    'it is in sight',
  );
  await page.keyboard.press('Enter');
  await chosen.getByText('nee', { exact: true }).waitFor();
  assert.deepEqual(await chosen.locator('mark').allTextContents(), ['nee', 'dle']);
  await page.keyboard.press('Shift+Enter');
  await chosen.getByText('half').waitFor();
  await page.getByLabel('Only lines that have it').check();
  assert.equal(await page.locator('.logs-line').count(), 2);
  await dashboard.checkAccessibility('what was found in a log');
});

test('a flood stays within its bounds, and the newest is there', async (t) => {
  const { name } = await api.create('bridged', {
    command: ['sh', '-c', 'sleep 2; seq 1 60000; echo the end; sleep 3600'],
  });
  const { page } = await openDashboard(t, browser, server, { link: `#/containers/${name}/logs` });
  await page.getByText('the end', { exact: true }).waitFor();
  const lines = await page.locator('.logs-line').count();
  assert.ok(lines <= 5_100 && lines >= 1_000, `${lines} lines`);
  await page.getByText('60000', { exact: true }).waitFor();
});

test('hostile output is text, in every field that others can set', async (t) => {
  const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
  const { name } = await api.create('bridged', {
    command: [
      'sh',
      '-c',
      `printf '%s\\n' "$0"; printf '\\033]0;owned\\007\\033[2J\\033[1;1Htext\\r\\n'; printf 'a\\342\\200\\256b\\000c\\033Zd\\n'; sleep 3600`,
      evil,
    ],
    env: { EVIL: evil },
    hostname: 'evil',
    labels: { [evil.slice(0, 40)]: evil },
  });
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${name}/logs` });
  const { page } = dashboard;
  await page.locator('.logs-line').filter({ hasText: evil }).waitFor();
  await page
    .locator('.logs-line')
    .filter({ hasText: /^text$/ })
    .waitFor();
  assert.equal(await page.locator('.logs-line').nth(2).textContent(), 'a�b␀cd');
  await page.locator('.container-command').filter({ hasText: evil }).waitFor();
  for (const tab of ['netstat', 'ifconfig', 'Ports', 'Namespaces', 'Exec'])
    await page.getByRole('link', { name: tab, exact: true }).click();
  assert.equal(await page.locator('main img, main script').count(), 0);
  assert.doesNotMatch(await page.title(), /owned/);
  await page.evaluate(`location.hash = '#/containers/' + encodeURIComponent(${JSON.stringify(evil)}) + '/<b>x'`);
  await page.getByRole('heading', { name: 'There is no container <img' }).waitFor();
  assert.equal(await page.locator('main img, main script, main b').count(), 0);
});
