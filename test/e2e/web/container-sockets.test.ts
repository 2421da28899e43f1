// A container's panel, its sockets and its interfaces, as somebody who watches them: what comes is marked, what stands still is told, and actions act.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { useApi } from '../../support/api.ts';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { createTestContainer, createTestNetwork, inspectContainer, removeContainer } from '../../support/engine.ts';

const server = await startApp({ after });
const api = useApi(server, { after });
const browser = await startBrowser({ after });

const serving = { command: ['httpd', '-f', '-p', '2222'] };

test('netstat is a live table: what comes and goes is marked, and peers are named', async (t) => {
  const web = await api.create('bridged', serving);
  const client = await api.create('bridged', { command: ['sleep', '3600'] });
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${web.name}` });
  const { page } = dashboard;
  await page.getByRole('heading', { name: web.name, level: 1 }).waitFor();
  await page.locator('[data-fresh="live"]').waitFor();
  const listener = page.getByRole('row').filter({ hasText: '[::]:2222' });
  await listener.getByRole('cell', { name: 'LISTEN', exact: true }).waitFor();
  assert.equal(await listener.getByRole('img').count(), 0, 'what was there at the first look is not new');
  await dashboard.checkAccessibility('netstat');

  const connected = page.getByRole('row').filter({ hasText: 'ESTABLISHED' });
  const calling = Promise.resolve(
    api.post(`/containers/${client.name}/exec`, {
      command: ['sh', '-c', `sleep 6 | nc ${web.networks[0]?.ipv4} 2222`],
    }),
  );
  await connected.getByRole('img', { name: 'new' }).waitFor();
  await connected.getByRole('link', { name: client.name }).waitFor();
  await connected.getByRole('img', { name: 'new' }).waitFor({ state: 'detached' });
  await calling;
  await page
    .getByRole('img', { name: /gone|changed/ })
    .first()
    .waitFor();
  await connected.waitFor({ state: 'detached' });
});

test('sockets are chosen by the letters of netstat, filtered, sorted, and shown as the program prints them', async (t) => {
  // On a network of its own it has Docker's name server in its namespace: one UDP and one TCP socket.
  const network = await createTestNetwork(t);
  const web = await api.create('bridged', { ...serving, network: network.name });
  t.after(() => removeContainer(web.name));
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${web.id}/netstat` });
  const { page } = dashboard;
  const rows = page.locator('.netstat tbody tr');
  await page.getByRole('cell', { name: '[::]:2222' }).waitFor();
  await page.getByRole('cell', { name: 'udp', exact: true }).waitFor();

  await page.getByRole('searchbox').fill('UDP 127.0.0.11:');
  await page.getByRole('cell', { name: '[::]:2222' }).waitFor({ state: 'detached' });
  assert.equal(await rows.count(), 1);
  await page.getByRole('searchbox').fill('');
  const addresses = () => rows.locator('td:nth-child(3)').allInnerTexts();
  await page.getByRole('button', { name: 'Local address' }).press('Enter');
  await page.locator('th[aria-sort="ascending"]').waitFor();
  const ascending = await addresses();
  assert.equal(ascending.length, 3);
  await page.getByRole('button', { name: 'Local address' }).press('Enter');
  await page.locator('th[aria-sort="descending"]').waitFor();
  assert.deepEqual(await addresses(), ascending.toReversed());

  await page.getByLabel('UDP (u)').press('Space');
  await page.getByRole('cell', { name: 'udp', exact: true }).waitFor({ state: 'detached' });
  await page.getByLabel('Show').selectOption('l');
  await page.waitForURL(/options=twln/);
  await page.getByRole('cell', { name: 'LISTEN', exact: true }).first().waitFor();

  await page.getByLabel('As netstat prints it').check();
  const text = page.getByRole('region', { name: 'Output of netstat' });
  await text.getByText('Active Internet connections (only servers)').waitFor();
  const { text: printed } = await api.get(`/containers/${web.name}/netstat?options=twl`).set('accept', 'text/plain');
  assert.equal(await text.locator('pre').textContent(), printed);
  await dashboard.checkAccessibility('the text of netstat');
  await page.reload();
  await text.getByText('LISTEN').first().waitFor();
});

test('ifconfig is cards with rates, addresses, routes and name servers, or the text', async (t) => {
  const web = await api.create('bridged', serving);
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${web.name}/ifconfig` });
  const { page } = dashboard;
  const card = page.getByRole('article', { name: 'eth0' });
  await card.getByText(`${web.networks[0]?.ipv4}/${web.networks[0]?.prefix}`).waitFor();
  await card.getByText(web.networks[0]?.mac ?? '?').waitFor();
  await card.getByText('RUNNING').waitFor();
  await card
    .getByRole('img', { name: /Rates of the last two minutes/ })
    .locator('canvas')
    .waitFor();
  await page.getByRole('article', { name: 'lo' }).getByText('127.0.0.1/8').waitFor();
  const route = page.getByRole('row').filter({ hasText: 'default' });
  await route.getByText(web.networks[0]?.gateway ?? '?').waitFor();

  await api.post(`/containers/${web.name}/exec`, {
    command: ['ping', '-c', '30', '-i', '0.1', '-s', '1400', web.networks[0]?.gateway ?? ''],
  });
  await card.getByRole('img', { name: /now [\d.]+ kB\/s received/ }).waitFor();
  await page.getByRole('region', { name: 'Neighbours (ARP)' }).getByText('COMPLETE').waitFor();
  await dashboard.checkAccessibility('ifconfig');

  await page.getByLabel('As ifconfig -a prints it').press('Space');
  await page.getByRole('region', { name: 'Output of ifconfig' }).getByText('Link encap:Local Loopback').waitFor();
  await dashboard.checkAccessibility('the text of ifconfig');
});

test('start, stop, restart, pause and unpause act, and what is shown of a stopped container is told to be old', async (t) => {
  const web = await api.create('bridged', serving);
  const { page } = await openDashboard(t, browser, server, { link: `#/containers/${web.name}` });
  await page.locator('[data-fresh="live"]').waitFor();
  const act = (name: string) => page.getByRole('button', { name, exact: true }).click();
  await act('Pause');
  await page.locator('[data-state="paused"]').waitFor();
  await act('Unpause');
  await page.locator('[data-state="running"]').waitFor();
  await act('Stop');
  await page.locator('[data-state="exited"]').waitFor();
  await page.locator('[data-fresh="stopped"]').waitFor();
  await page.getByText('what is shown is the last that was seen').waitFor();
  await page.getByText('It does not run. When it does, it is on a bridge').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Stop', exact: true }).count(), 0);
  await act('Start');
  await page.locator('[data-fresh="live"]').waitFor();
  const before = (await inspectContainer(web.id)).State.StartedAt;
  await act('Restart');
  await page.getByText(`${web.name} was restarted`).waitFor();
  await page.locator('[data-fresh="live"]').waitFor();
  assert.notEqual((await inspectContainer(web.id)).State.StartedAt, before);
});

test('a removal asks first, says what goes with it, and leaves what was known', async (t) => {
  const web = await api.create('open', { ...serving, ports: ['127.0.0.1::2222'] });
  const member = await api.create('joined', { target: web.name, command: ['sleep', '3600'] });
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${web.name}` });
  const { page } = dashboard;
  await page.getByRole('link', { name: member.name }).waitFor();
  await page.getByRole('button', { name: 'Remove…' }).click();
  const dialog = page.getByRole('dialog', { name: `Remove ${web.name}?` });
  const losses = dialog.getByRole('listitem');
  await losses.filter({ hasText: `${member.name} will be stranded` }).waitFor();
  await losses.filter({ hasText: '→2222/tcp' }).waitFor();
  await dashboard.checkAccessibility('the question before a removal');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await inspectContainer(web.id)).State.Status, 'running', 'nothing was done');
  await page.getByRole('button', { name: 'Remove…' }).click();
  // Enter alone removes nothing.
  await page.waitForFunction(() => document.activeElement?.textContent === 'Cancel');
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.locator('[data-notice="removed"]').waitFor();
  await page.locator('[data-state="gone"]').waitFor();
  await page.getByRole('cell', { name: '[::]:2222' }).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Remove…' }).isDisabled());
  await dashboard.checkAccessibility('what is left of a removed container');
  await api.get(`/containers/${web.id}`).expect(404);
});

test('a stranded container says why, and rejoin brings it back', async (t) => {
  const target = await api.create('bridged', serving);
  const member = await api.create('joined', { target: target.name, command: ['sleep', '3600'] });
  await api.post(`/containers/${target.name}/restart?rejoin=false`).expect(200);
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${member.name}` });
  const { page } = dashboard;
  await page.locator('[data-notice="orphaned"]').getByText('was started anew').waitFor();
  await dashboard.checkAccessibility('a stranded container');
  await page.getByRole('button', { name: 'Rejoin' }).click();
  await page.locator('[data-notice="orphaned"]').waitFor({ state: 'detached' });
  await page.getByText(`Shares the network namespace of ${target.name}`).waitFor();
  await page.getByRole('cell', { name: '[::]:2222' }).waitFor();
});

test('what others made is looked at, and the panel says why nothing else is done', async (t) => {
  const theirs = await createTestContainer(t);
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${theirs.name}` });
  const { page } = dashboard;
  await page.locator('[data-refusal]').getByText('Terrarium did not make this container').waitFor();
  await page.locator('[data-fresh="live"]').waitFor();
  for (const name of ['Stop', 'Restart', 'Pause', 'Remove…'])
    assert.ok(await page.getByRole('button', { name, exact: true }).isDisabled(), name);
  await dashboard.checkAccessibility('a container of others');
});

test('each action can be had as a line for curl, the command and wscat', async (t) => {
  const web = await api.create('bridged', serving);
  const dashboard = await openDashboard(t, browser, server, {
    link: `#/containers/${web.name}`,
    context: { permissions: ['clipboard-read', 'clipboard-write'] },
  });
  const { page } = dashboard;
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await page.getByRole('button', { name: 'Actions as commands…' }).click();
  const stop = page.getByRole('dialog').locator('.container-lines > div').filter({ hasText: 'Stop' });
  await dashboard.checkAccessibility('actions as commands');
  await stop.getByRole('button', { name: 'CLI' }).click();
  await page.getByText('Copied as CLI').waitFor();
  assert.equal(await copied(), `terrarium stop ${web.name}`);
  const tools = page.locator('.netstat');
  await tools.getByRole('button', { name: 'Copy as…' }).click();
  await tools.getByRole('button', { name: 'wscat' }).click();
  await page.getByText('Copied as wscat').waitFor();
  assert.match(await copied(), new RegExp(`^wscat .*/api/v1/containers/${web.name}/netstat\\?options=tuwan`));
});

test('a name that is none, and an id that is cut short', async (t) => {
  const web = await api.create('closed');
  const { page } = await openDashboard(t, browser, server, { link: '#/containers/nobody-has-this-name' });
  await page.getByRole('heading', { name: 'There is no container nobody-has-this-name' }).waitFor();
  await page.evaluate(`location.hash = '#/containers/${web.id.slice(0, 20)}'`);
  await page.getByRole('heading', { name: web.name }).waitFor();
  await page.getByText('with nothing but lo').waitFor();
});
