// The terminal of a container's panel in a real browser, under the policy that forbids inline styles: typing, colours, sizes, ends, and the commands of
// the box beside it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { useApi } from '../../support/api.ts';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { createTestContainer, execInContainer } from '../../support/engine.ts';
import { waitFor } from '../../support/wait-for.ts';

const server = await startApp({ after });
const api = useApi(server, { after });
const browser = await startBrowser({ after });

/** What the screen shows, row by row. */
const readScreen = (page: Page) =>
  page.evaluate(() => [...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent).join('\n'));

const waitForScreen = (page: Page, text: string | RegExp) =>
  waitFor(
    async () => {
      const screen = await readScreen(page);
      return typeof text === 'string' ? screen.includes(text) : text.test(screen);
    },
    { what: `${text} on the screen` },
  );

test('a shell is typed in, coloured, resized, left by the keyboard, and ends with its exit code', async (t) => {
  const { name } = await api.create('bridged');
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${name}/terminal` });
  const { page } = dashboard;
  await page.locator('[data-terminal="open"]').waitFor();
  await waitForScreen(page, '/ #');
  await page.keyboard.type('echo $((6*7)) answers\n');
  await waitForScreen(page, '42 answers');

  await page.keyboard.type(
    `${String.raw`printf '\033[31mred\033[0m \033[38;2;10;120;200mtrue\033[0m \033[1;4mthick\033[0m\n'`}\n`,
  );
  await waitForScreen(page, /\nred true thick/);
  const red = page.locator('.xterm-rows span.xterm-fg-1').filter({ hasText: /^red$/ });
  assert.equal(await red.evaluate((one) => getComputedStyle(one).color), 'rgb(163, 42, 29)', 'a colour of the theme');
  const direct = page.locator('.xterm-rows span[style]').filter({ hasText: /^true$/ });
  assert.equal(await direct.evaluate((one) => getComputedStyle(one).color), 'rgb(10, 120, 200)', 'one of its own');
  await dashboard.checkAccessibility('a terminal');

  const rows = async (step: string) => {
    await page.keyboard.type(`clear; echo ${step} $(stty size)\n`);
    await waitForScreen(page, new RegExp(`${step} \\d+ \\d+`));
    return (
      new RegExp(`${step} (\\d+) (\\d+)`)
        .exec(await readScreen(page))
        ?.slice(1)
        .map(Number) ?? []
    );
  };
  const large = await rows('large');
  await page.setViewportSize({ width: 900, height: 700 });
  await waitFor(async (see) => see(await page.locator('.xterm-rows > div').count()) < (large[0] ?? 0), {
    what: 'a smaller screen',
  });
  const small = await rows('small');
  assert.ok((small[0] ?? 0) < (large[0] ?? 0) && (small[1] ?? 0) < (large[1] ?? 0), `${large} then ${small}`);

  await page.getByLabel('Theme').selectOption('dark');
  await page.waitForFunction(
    () => getComputedStyle(document.querySelector('.xterm-rows') ?? document.body).color === 'rgb(230, 237, 233)',
  );
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.press('Shift+Escape');
  assert.equal(
    await page.evaluate(() => document.activeElement?.tagName),
    'SELECT',
    'the keyboard is out of the terminal',
  );
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.type('exit 7\n');
  await page.getByText('It has ended with the exit code 7.').waitFor();
  await page.getByRole('button', { name: 'Reconnect' }).click();
  await page.locator('[data-terminal="open"]').waitFor();
  await page.keyboard.type('echo again $((1+1))\n');
  await waitForScreen(page, 'again 2');
});

test('a paste is typed, a selection is copied, and much output does not drown the page', async (t) => {
  const { name } = await api.create('bridged');
  const { page } = await openDashboard(t, browser, server, {
    link: `#/containers/${name}/terminal`,
    context: { permissions: ['clipboard-read', 'clipboard-write'] },
  });
  await waitForScreen(page, '/ #');
  await page.evaluate(() => navigator.clipboard.writeText('echo pasted $((20+3))'));
  await page.keyboard.press('Control+Shift+V');
  await waitForScreen(page, 'echo pasted');
  await page.keyboard.press('Enter');
  await waitForScreen(page, 'pasted 23');
  const line = page.locator('.xterm-rows > div').filter({ hasText: /^pasted 23/ });
  const box = (await line.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  await page.mouse.dblclick(box.x + 10, box.y + box.height / 2);
  await page.keyboard.press('Control+Shift+C');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'pasted');

  await page.keyboard.type('seq 1 200000; echo all $((1+1)) done\n');
  await waitForScreen(page, 'all 2 done');
  assert.match(await readScreen(page), /199999\n\s*200000\n/);
});

test('leaving the tab ends the shell and what was started in it', async (t) => {
  const { name } = await api.create('bridged');
  const { page } = await openDashboard(t, browser, server, { link: `#/containers/${name}/terminal` });
  await waitForScreen(page, '/ #');
  await page.keyboard.type('sleep 4321 &\n');
  const runs = async () => (await execInContainer(name, 'ps')).stdout.includes('sleep 4321');
  await waitFor(runs, { what: 'the program to run' });
  await page.getByRole('link', { name: 'netstat' }).click();
  await page.locator('[data-fresh="live"]').waitFor();
  await waitFor(async () => !(await runs()), { what: 'the program to end' });
  assert.equal(
    await page.evaluate(() => Object.hasOwn(document, 'createElement') || document.adoptedStyleSheets.length),
    0,
  );
});

test('the main process is a terminal too, and is left running', async (t) => {
  const { name } = await api.create('bridged', { command: ['sh'], tty: true, stdin: true });
  const { page } = await openDashboard(t, browser, server, { link: `#/containers/${name}/terminal?attach=1` });
  await page.locator('[data-terminal="open"]').waitFor();
  await page.keyboard.type('echo main $$\n');
  await waitForScreen(page, 'main 1');
  await page.getByRole('link', { name: 'netstat' }).click();
  await page.locator('[data-fresh="live"]').waitFor();
  assert.equal(await page.locator('[data-state="running"]').count(), 1);
});

test('what a terminal is told cannot reach the page', async (t) => {
  const { name } = await api.create('bridged');
  const { page } = await openDashboard(t, browser, server, { link: `#/containers/${name}/terminal` });
  await waitForScreen(page, '/ #');
  const title = await page.title();
  await page.keyboard.type(
    String.raw`printf '\033]0;owned\007<img src=x onerror=alert(1)><script>alert(2)</script>\033]8;;javascript:alert(3)\007link\033]8;;\007\033]52;c;b3duZWQ=\007\n'` +
      '\n',
  );
  await waitForScreen(page, /\n<img src=x onerror=alert\(1\)><script>alert\(2\)<\/script>link/);
  await page.locator('.xterm-rows').getByText('link').last().click({ force: true });
  assert.equal(await page.title(), title);
  assert.equal(await page.locator('.xterm img, .xterm script, .xterm a').count(), 0);
});

test('no terminal of what others made, nor of what does not run, with the reason', async (t) => {
  const theirs = await createTestContainer(t);
  const { page, checkAccessibility, forgive } = await openDashboard(t, browser, server, {
    link: `#/containers/${theirs.name}/terminal`,
  });
  // Where the page hears of the container before its end, it asks, and is refused.
  forgive(/\b409\b/);
  for (const tab of ['Logs', 'Exec', 'Terminal']) {
    await page.getByRole('link', { name: tab, exact: true }).click();
    await page.locator('[data-kept]').getByText(`no ${tab} here`).waitFor();
  }
  await checkAccessibility('what is kept');
  const { name } = await api.create('bridged', { command: ['true'] });
  await page.evaluate(`location.hash = '#/containers/${name}/terminal'`);
  await page
    .locator('[data-terminal="failed"]')
    .getByText(/not running|does not run|exited/)
    .waitFor();
});

test('one command is run, with its words as they were quoted, its output and its exit code', async (t) => {
  const { name } = await api.create('bridged');
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${name}/exec` });
  const { page } = dashboard;
  const run = async (line: string) => {
    await page.getByLabel('Command').fill(line);
    await page.keyboard.press('Enter');
  };
  await run(`sh -c 'echo "<b>out</b> two"; echo err >&2; exit 3'`);
  await page.locator('[data-exit="3"]').waitFor();
  await page.getByRole('region', { name: 'Standard output' }).getByText('<b>out</b> two').waitFor();
  await page.getByRole('region', { name: 'Standard error' }).getByText('err').waitFor();
  await dashboard.checkAccessibility('a command that was run');
  await run('echo "no end');
  await page.getByText('A quote is not closed').waitFor();
  await dashboard.checkAccessibility('a command that cannot be run');
  // The browser says on its console that the server refused.
  dashboard.forgive(/422/);
  await run('no-such-program');
  await page.locator('[data-exit="126"], [data-exit="127"], [role="alert"]').first().waitFor();
  await run('sleep 9');
  await page.getByRole('button', { name: 'Stop', exact: true }).last().click();
  await page.getByText('It was stopped.').waitFor();
});
