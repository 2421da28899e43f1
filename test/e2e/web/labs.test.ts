// Labs in the dashboard, as a teacher uses them: a file with mistakes, its plan, its apply, checks that turn, and the end of it all.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { docker } from '../../support/engine.ts';
import { clearLab, findLeft, labName, useLabs } from '../../support/labs.ts';
import { waitFor } from '../../support/wait-for.ts';

const server = await startApp({ after });
const browser = await startBrowser({ after });

const file = `networks:
  lan:
containers:
  web:
    mode: open
    network: lan
    command: [httpd, -f, -p, "2222"]
    ports: [2222]
  t1: { mode: closed }
checks:
  listens: { container: web, listens: 2222, hint: { en: Is it running?, zh: 它在运行吗？ } }
  lo-only: { container: t1, interfaces: [lo] }
ttl: 1h
`;

test('a file: its mistake at its line, its plan, its apply, and checks that turn with the world', async (t) => {
  const lab = labName();
  t.after(() => clearLab(lab));
  const dashboard = await openDashboard(t, browser, server, { link: '#/labs' });
  dashboard.forgive(/400|404/);
  const { page } = dashboard;
  const text = page.getByRole('textbox', { name: 'Lab file' });
  await text.fill(file.replace('mode: closed', 'mode: clossed'));
  await page.getByLabel('Name', { exact: true }).fill(lab);
  await page.getByText('Did you mean "closed"?').waitFor();
  await page.getByRole('button', { name: 'Line 9, column 15' }).click();
  const caret = await page.evaluate(() => {
    const { value, selectionStart } = document.activeElement as HTMLTextAreaElement;
    return value.slice(selectionStart, selectionStart + 7);
  });
  assert.equal(caret, 'clossed');
  assert.ok(await page.getByRole('button', { name: 'Apply' }).isDisabled());
  await dashboard.checkAccessibility('a lab file with a mistake');

  await text.fill(file);
  await page.getByText('3 to create').waitFor();
  await page.getByText(`${lab}-web`).waitFor();
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.waitForFunction((name) => location.hash === `#/labs/${name}`, lab);
  await page.locator('[data-change="apply done"]').waitFor({ timeout: 60_000 });
  await page.locator('[data-holding="2"][data-checks="2"]').waitFor({ timeout: 60_000 });
  await page.getByText('as described', { exact: true }).waitFor();
  await dashboard.checkAccessibility('a lab');

  await docker('stop', '--time', '0', `${lab}-web`);
  const check = page.locator('[data-check="listens"]');
  await page.locator('[data-check="listens"][data-status="fail"]').waitFor({ timeout: 60_000 });
  await check.getByText('does not run').waitFor();
  await check.getByText('Is it running?').waitFor();
  await dashboard.checkAccessibility('a check that does not hold');
  await page.getByText('differs from its file').waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Make it as described again' }).click();
  await page.locator('[data-check="listens"][data-status="pass"]').waitFor({ timeout: 60_000 });

  await page.getByText('Its file', { exact: true }).click();
  await page.getByText('Nothing to change: all is as described.').waitFor();
  const json = JSON.parse(await text.inputValue());
  delete json.containers.t1;
  delete json.checks['lo-only'];
  json.containers.web.env = { DEBUG: '1' };
  await text.fill(JSON.stringify(json, null, 2));
  await page.getByText('1 to replace, 1 to remove').waitFor();
  await page.getByText('env changed').waitFor();
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.locator('[data-holding="1"][data-checks="1"]').waitFor({ timeout: 60_000 });

  await page.getByRole('button', { name: 'Destroy' }).click();
  await page.getByRole('dialog').getByText('1 containers and 1 networks').waitFor();
  await dashboard.checkAccessibility('the question before the end');
  await page.getByRole('dialog').getByRole('button', { name: 'Destroy' }).click();
  await page.waitForFunction(() => location.hash === '#/labs', undefined, { timeout: 60_000 });
  assert.deepEqual(await findLeft(lab), []);
});

test('an apply that is cancelled is undone', async (t) => {
  const lab = labName();
  t.after(() => clearLab(lab));
  const dashboard = await openDashboard(t, browser, server, { link: '#/labs' });
  dashboard.forgive(/404/);
  const { page } = dashboard;
  const never = `containers:
  t1: { mode: closed, ready: [never] }
checks:
  never: { container: t1, listens: 99 }
`;
  await page.getByRole('region', { name: 'Lab file' }).evaluate((element) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['containers: { dropped: { mode: closed } }'], 'Dropped.lab.yaml'));
    element.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  await page.getByText('dropped-dropped').waitFor();
  await page
    .getByLabel('Choose a file')
    .setInputFiles({ name: `${lab}.yaml`, mimeType: 'text/yaml', buffer: Buffer.from(never) });
  await page.getByText('1 to create').waitFor();
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), lab);
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('until it is ready').waitFor({ timeout: 60_000 });
  // It goes on while one looks elsewhere.
  await dashboard.goTo('#/engines');
  await page.getByRole('heading', { name: 'Engines' }).waitFor();
  await dashboard.goTo(`#/labs/${lab}`);
  await page.locator('[data-change="apply running"]').getByRole('button', { name: 'Cancel' }).click();
  await page.locator('[data-change="apply failed"]').waitFor({ timeout: 60_000 });
  assert.deepEqual(
    await waitFor(async (see) => see(await findLeft(lab)).length === 0 && [], {
      what: 'nothing to be left',
    }),
    [],
  );
});

test('the end of a lab is told before it comes, and put off', async (t) => {
  const lab = labName();
  await useLabs(server, t).apply(lab, { ttl: '1h', containers: { t1: { mode: 'closed' } } });
  const dashboard = await openDashboard(t, browser, server, { link: `#/labs/${lab}` });
  // The lab goes before the pages do.
  dashboard.forgive(/404/);
  const { page } = dashboard;
  await page.locator('[data-near-end="false"]').waitFor();
  await page.clock.setFixedTime(Date.now() + 56 * 60_000);
  await page.getByRole('alert').filter({ hasText: 'It ends soon' }).waitFor();
  await dashboard.checkAccessibility('a lab near its end');
  await page.getByRole('button', { name: 'Let it live 1h longer' }).click();
  await page.locator('[data-near-end="false"]').waitFor();
});

test('words of others are words, however they are written; and who may only look is offered nothing else', async (t) => {
  const lab = labName();
  const evil = '<img src=x onerror="document.title=1"><script>document.title=1</script> \u202e[gnp.exe \u001b[31mred';
  const both = { en: `${evil} en`, zh: `${evil} zh` };
  await useLabs(server, t).apply(lab, {
    title: both,
    description: { en: `${evil} ${'long'.repeat(400)}` },
    containers: { t1: { mode: 'closed', command: ['sh', '-c', `: '${evil}'; exec sleep 600`], labels: { evil } } },
    checks: {
      holds: { container: 't1', interfaces: ['lo'], text: both, hint: both },
      fails: { container: 't1', listens: 1, text: evil, hint: evil },
      runs: { container: 't1', exec: { command: ['echo', evil], stdout: 'nothing of it' } },
    },
    steps: [{ text: both, command: evil, check: ['holds', 'fails', 'runs'] }],
  });
  const dashboard = await openDashboard(t, browser, server, { link: `#/labs/${lab}` });
  // The lab goes before the pages do.
  dashboard.forgive(/404/);
  const { page } = dashboard;
  await page.locator('[data-check="fails"][data-status="fail"]').waitFor({ timeout: 60_000 });
  await page.locator('[data-check="runs"][data-status="fail"]').getByText('onerror').first().waitFor();
  await page.getByText('Its file', { exact: true }).click();
  await page.getByText('Nothing to change').waitFor();
  assert.equal(await page.locator('main img, main script').count(), 0);
  await dashboard.checkAccessibility('hostile words');
  assert.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    'nothing is wider than the page',
  );
  assert.match(await page.title(), /Terrarium/);

  const answer = await fetch(`${server.url}/api/v1/login-codes?role=viewer`, {
    method: 'POST',
    headers: server.headers,
  });
  const projector = await openDashboard(t, browser, server, { logIn: false });
  projector.forgive(/404/);
  await projector.page.goto(((await answer.json()) as { url: string }).url);
  await projector.page.getByText('Read-only', { exact: true }).waitFor();
  await projector.goTo(`#/labs/${lab}`);
  await projector.page.locator('[data-check="holds"][data-status="pass"]').waitFor();
  await projector.page.locator('[data-check="runs"][data-status="unknown"]').waitFor();
  for (const name of ['Destroy', 'Apply', 'Make it as described again'])
    assert.equal(await projector.page.getByRole('button', { name }).count(), 0, name);
  assert.equal(await projector.page.getByText('Its file', { exact: true }).count(), 0);
});
