// The tabs of ports and of namespaces, as somebody who asks why a connection does not arrive, and who shares what.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { useApi } from '../../support/api.ts';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';

const server = await startApp({ after });
const api = useApi(server, { after });
const browser = await startBrowser({ after });

test('a published port has its link and its path, which turns when somebody listens, and counters that move', async (t) => {
  const web = await api.create('open', { command: ['sleep', '3600'], ports: ['127.0.0.1::2222'] });
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${web.name}/ports` });
  const { page } = dashboard;
  const port = web.ports[0]?.hostPort;
  const link = page.getByRole('link', { name: 'Open' });
  await link.waitFor();
  assert.equal(await link.getAttribute('href'), `http://127.0.0.1:${port}/`);
  const path = page.locator('.ports-path');
  await path.getByText('is published on 127.0.0.1 of the host only').waitFor();
  await path.getByText('connection refused').waitFor();
  assert.equal(await path.locator('[data-hop="client"]').getAttribute('data-status'), 'pass');
  await path.locator('[data-status="stop"]').first().waitFor();
  await dashboard.checkAccessibility('a path that is stopped');

  await page.getByLabel('From').selectOption('host');
  await page.waitForURL(/from=host/);
  await path.getByText('closed at once').first().waitFor();
  await api.post(`/containers/${web.name}/exec`, { command: ['httpd', '-p', '2222'] }).expect(200);
  await page.locator('[data-outcome="reaches"]').filter({ hasText: 'docker-proxy carries it' }).waitFor();
  await path.locator('[data-hop="docker-proxy"]').first().getByRole('img', { name: 'passes' }).waitFor();
  await page.getByRole('button', { name: 'Count from now' }).click();
  await fetch(`http://127.0.0.1:${port}/`);
  const cable = path.locator('[data-hop="veth"]');
  await cable.locator('.ports-growth').first().waitFor();
  assert.match((await cable.locator('.ports-growth').first().textContent()) ?? '', /^ \+\d+$/);
  await dashboard.checkAccessibility('a path that arrives');
  await page.reload();
  await page.locator('[data-outcome="reaches"]').first().waitFor();
});

test('a path from a container is direct, its rules are counted, and a port that nobody listens on is an answer', async (t) => {
  const web = await api.create('open', { command: ['httpd', '-f', '-p', '80'], ports: ['80'] });
  const client = await api.create('bridged', { command: ['sleep', '3600'] });
  const { page } = await openDashboard(t, browser, server, { link: `#/containers/${web.name}/ports` });
  const rules = page.locator('[data-hop="dnat"] .ports-rules li').filter({ hasText: '--to-destination' });
  await rules.first().getByText('connections').waitFor();
  await page.getByLabel('From').selectOption(client.name);
  await page.locator('[data-outcome="reaches"]').getByText(', direct').waitFor();
  await page.getByLabel('to its port').fill('81');
  await page.getByLabel('to its port').press('Enter');
  await page.locator('[data-outcome="fails"] .ports-sentence').getByText('nothing listens on tcp 81').waitFor();
  await page.waitForURL(/port=81/);
  await page.getByRole('button', { name: 'Path' }).first().click();
  await page.locator('[data-outcome="reaches"]').first().waitFor();
});

test('a joined container shows whose ports lead to it, and namespaces say what it shares', async (t) => {
  const web = await api.create('open', { command: ['httpd', '-f', '-p', '80'], ports: ['80'] });
  const member = await api.create('joined', { target: web.name, command: ['sleep', '3600'] });
  const dashboard = await openDashboard(t, browser, server, { link: `#/containers/${member.name}/ports` });
  const { page } = dashboard;
  const published = page.getByRole('list', { name: 'Published ports' });
  await published.getByRole('link', { name: web.name }).first().waitFor();
  await page.locator('[data-outcome="reaches"]').first().waitFor();

  await page.getByRole('link', { name: 'Namespaces' }).click();
  await page.getByText('It shares its network, and with it interfaces, addresses and ports, with').waitFor();
  const row = (kind: string) => page.getByRole('row').filter({ has: page.locator(`code:text-is("${kind}")`) });
  await row('net').getByRole('link', { name: web.name }).waitFor();
  await row('net').getByRole('cell', { name: 'shared', exact: true }).waitFor();
  await row('mnt').getByRole('cell', { name: 'its own', exact: true }).waitFor();
  await row('user').getByRole('cell', { name: "the host's", exact: true }).waitFor();
  const { body } = await api.get(`/containers/${member.name}/namespaces`);
  const net = body.kinds.find(({ kind }: { kind: string }) => kind === 'net');
  await row('net')
    .getByRole('cell', { name: String(net.inode) })
    .waitFor();
  await dashboard.checkAccessibility('namespaces');

  // It may be asked in the moment between its end and the news of it.
  dashboard.forgive(/409/);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByText('it is in no namespace').waitFor();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await row('net').getByRole('link', { name: web.name }).waitFor();
});

test('closed, bridged and host mode are told for what they are', async (t) => {
  const closed = await api.create('closed');
  const bridged = await api.create('bridged');
  const host = await api.create('open', { host: true, command: ['sleep', '3600'] });
  const { page } = await openDashboard(t, browser, server, { link: `#/containers/${closed.name}/namespaces` });
  await page.getByText('Its network is its own').waitFor();
  await page.evaluate(`location.hash = '#/containers/${bridged.name}/ports'`);
  await page.getByText('No port of the host leads to it').waitFor();
  await page.evaluate(`location.hash = '#/containers/${host.name}/ports'`);
  await page.getByText('nothing is published').waitFor();
  await page.locator('[data-effective="host"]').waitFor();
  await page.getByRole('link', { name: 'Namespaces' }).click();
  await page.getByText("Its network is the host's").waitFor();
});
