// The form that creates containers, used as a person would: by mouse and by keyboard, with mistakes, in both languages, from a link of somebody else's.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { useApi } from '../../support/api.ts';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { findFreePort, inspectContainer, removeContainer } from '../../support/engine.ts';
import { uniqueName } from '../../support/run-id.ts';
import { waitFor } from '../../support/wait-for.ts';

const server = await startApp({ after });
const browser = await startBrowser({ after });

test('an open container: a mistake is told beside its port, and what is made is what was shown', async (t) => {
  const name = uniqueName('form');
  t.after(() => removeContainer(name));
  const dashboard = await openDashboard(t, browser, server, { link: '#/create/closed' });
  const { page } = dashboard;
  dashboard.forgive(/400/);
  await page.getByRole('radio', { name: 'open' }).check();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Command').fill("sh -c 'exec httpd -f -p 2222'");
  await page.getByRole('button', { name: 'Add -p 127.0.0.1::2222' }).click();
  await page.locator('[data-trial="fine"]').waitFor();
  await page.getByText('A port that the engine chooses of 127.0.0.1 leads to 2222/tcp').first().waitFor();
  await page.getByRole('button', { name: 'Add a port' }).click();
  await page.getByLabel('Port mapping 2', { exact: true }).fill('70000');
  await page.getByRole('alert').filter({ hasText: '"70000" is not a container port' }).waitFor();
  assert.equal(await page.getByLabel('Port mapping 2', { exact: true }).getAttribute('aria-invalid'), 'true');
  assert.equal(await page.getByLabel('Port mapping 1', { exact: true }).getAttribute('aria-invalid'), 'false');
  assert.ok(await page.getByRole('button', { name: 'Create and start' }).isDisabled());
  const hostPort = await findFreePort();
  await page.getByLabel('Port mapping 2', { exact: true }).fill(`127.0.0.1:${hostPort}:53/udp`);
  await page.locator('[data-trial="fine"]').waitFor();
  await page.getByRole('img', { name: '2 ports of the host lead to it' }).waitFor();
  assert.equal(
    await page.getByRole('region', { name: 'The same with Docker' }).locator('pre').innerText(),
    [
      `docker run -d --name ${name}`,
      '--network bridge',
      '-p 127.0.0.1::2222',
      `-p 127.0.0.1:${hostPort}:53/udp`,
      "busybox:latest sh -c 'exec httpd -f -p 2222'",
    ].join(' \\\n  '),
  );
  await page.getByLabel('With all that Terrarium adds').check();
  await page.getByText('--security-opt no-new-privileges').waitFor();
  await dashboard.checkAccessibility('the form of an open container');

  await page.getByRole('button', { name: 'Create and start' }).click();
  const made = await inspectContainerOnceThere(name);
  await page.waitForFunction((id) => location.hash === `#/containers/${id}`, made.Id);
  assert.deepEqual(made.Config.Cmd, ['sh', '-c', 'exec httpd -f -p 2222']);
  assert.deepEqual(made.HostConfig.PortBindings, {
    '2222/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }],
    '53/udp': [{ HostIp: '127.0.0.1', HostPort: String(hostPort) }],
  });
  assert.equal(made.State.Status, 'running');
});

test('the link is the form: somebody else opens it and goes on by keyboard', async (t) => {
  const name = uniqueName('shared');
  t.after(() => removeContainer(name));
  const first = await openDashboard(t, browser, server, { link: '#/create/bridged' });
  await first.page.getByLabel('Name', { exact: true }).fill(name);
  await first.page.getByText('More', { exact: true }).click();
  await first.page.getByLabel('Environment').fill('A=1\nB=x y');
  await first.page.getByLabel('Memory').fill('64m');
  await first.page.getByLabel('Life time').fill('1h');
  const link = await first.page.evaluate(() => location.hash);

  const second = await openDashboard(t, browser, server, { link });
  const { page } = second;
  await page.locator('[data-trial="fine"]').waitFor();
  assert.equal(await page.getByLabel('Environment').inputValue(), 'A=1\nB=x y');
  await page.getByRole('radio', { name: 'bridged' }).focus();
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => location.hash.startsWith('#/create/closed?'));
  await page.getByRole('img', { name: 'with lo only' }).waitFor();
  assert.ok(await page.getByRole('radio', { name: 'closed' }).isChecked());
  await page.getByLabel('Name', { exact: true }).focus();
  await page.keyboard.press('Enter');
  const made = await inspectContainerOnceThere(name);
  assert.equal(made.HostConfig.NetworkMode, 'none');
  assert.deepEqual([made.Config.Env.slice(0, 2), made.HostConfig.Memory], [['A=1', 'B=x y'], 64 * 1024 ** 2]);
  await page
    .getByRole('status')
    .filter({ hasText: `${name} was created` })
    .waitFor();
});

test('what the server refuses only in the end is told beside its field as well', async (t) => {
  const { name } = await useApi(server, t).create('closed');
  const dashboard = await openDashboard(t, browser, server, { link: `#/create/closed?name=${name}` });
  dashboard.forgive(/409/);
  const { page } = dashboard;
  await page.locator('[data-trial]').waitFor();
  const button = page.getByRole('button', { name: 'Create and start' });
  if (await button.isEnabled()) await button.click();
  await page.getByRole('alert').filter({ hasText: name }).first().waitFor();
  assert.equal(await page.getByLabel('Name', { exact: true }).getAttribute('aria-invalid'), 'true');
  await page.getByLabel('Name', { exact: true }).fill(`${name}-other`);
  await page.locator('[data-trial="fine"]').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
});

test('a joined container shows whose namespace and ports it shares', async (t) => {
  const api = useApi(server, t);
  const target = await api.create('open', { command: ['httpd', '-f', '-p', '80'], ports: ['127.0.0.1::80'] });
  const mate = await api.create('joined', { target: target.name, command: ['sleep', '600'] });
  const name = uniqueName('joined');
  t.after(() => removeContainer(name));
  const dashboard = await openDashboard(t, browser, server, { link: `#/create/joined?name=${name}` });
  const { page } = dashboard;
  await page.getByLabel('Target', { exact: true }).selectOption(mate.name);
  await page.getByText(`${target.name}, ${mate.name}`).waitFor();
  await page.getByText(`127.0.0.1:${target.ports[0]?.hostPort}→80/tcp`).waitFor();
  await page.getByRole('img', { name: `In the network namespace of ${mate.name}, as its member number 3` }).waitFor();
  await page.getByText(`--network container:${mate.name}`).waitFor();
  await dashboard.checkAccessibility('the form of a joined container');
  await page.getByRole('button', { name: 'Create and start' }).click();
  const made = await inspectContainerOnceThere(name);
  assert.equal(made.HostConfig.NetworkMode, `container:${mate.id}`);
});

test('no text of a link is more than text, and both languages have every model', async (t) => {
  const evil = '"><img src=x onerror="document.title=1"><script>document.title=1</script>\u202e\u001b[31m';
  const values = new URLSearchParams({
    name: evil,
    image: evil,
    command: evil,
    env: evil,
    network: evil,
    target: evil,
  });
  const dashboard = await openDashboard(t, browser, server, { link: `#/create/joined?${values}` });
  dashboard.forgive(/400|404/);
  const { page } = dashboard;
  await page.getByRole('alert').first().waitFor();
  await page.getByLabel('Theme').selectOption('dark');
  await page.getByLabel('Language').selectOption('zh');
  for (const mode of ['封闭式', '桥接式', '联盟式', '开放式']) {
    await page.getByRole('radio', { name: mode }).check();
    await page.getByRole('heading', { name: '它将会是什么样' }).waitFor();
  }
  await dashboard.checkAccessibility('the form with mistakes, in Chinese and dark');
  assert.equal(await page.locator('main img, main script').count(), 0);
  assert.match(await page.title(), /Terrarium/);
  assert.equal(await page.getByLabel('名称', { exact: true }).inputValue(), evil);
});

/** What a click has made. */
const inspectContainerOnceThere = (name: string) =>
  waitFor(
    async (see) => {
      const found = await inspectContainer(name);
      return see(found.State.Running) === true && found;
    },
    { what: `${name} to run`, intervalMs: 200 },
  );
