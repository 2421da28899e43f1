// The map in a real browser, against what a real engine does: who shares a namespace, who stands apart, which connections there are and through what,
// and that nothing moves when data comes.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { startApp } from '../../support/app.ts';
import { engineIsAway, openDashboard, startBrowser } from '../../support/browser.ts';
import { startChaosProxy } from '../../support/chaos-proxy.ts';
import { docker, inspectContainer, removeContainer } from '../../support/engine.ts';
import { labName, useLabs } from '../../support/labs.ts';
import { letTimePass } from '../../support/wait-for.ts';

const server = await startApp({ after });
const labs = useLabs(server, { after });
const browser = await startBrowser({ after });

/** Accepts on these ports, and says something ten times a second. */
const listen = (...ports: number[]) => [
  'sh',
  '-c',
  `${ports.map((port) => `(while :; do nc -ll -p ${port} -e sh -c 'while :; do echo hello; sleep 0.1; done'; done) &`).join(' ')} wait`,
];
/** Connects, and stays connected. */
const dial = (...ends: string[]) => [
  'sh',
  '-c',
  `${ends.map((end) => `(while :; do nc ${end} </dev/zero >/dev/null; sleep 0.2; done) &`).join(' ')} wait`,
];

const lab = labName();
const { lab: made } = await labs.apply(lab, {
  networks: { lan: null, back: { internal: true } },
  containers: {
    web: { mode: 'open', network: 'lan', command: listen(80, 81), ports: [80] },
    mate: { mode: 'joined', target: 'web' },
    t1: { mode: 'bridged', network: 'lan', command: dial('web 81') },
    db: { mode: 'bridged', network: 'back', command: listen(5432) },
    shut: { mode: 'closed' },
  },
  ttl: '10m',
});
const isIpv4 = ({ HostIp }: { HostIp: string }) => HostIp === '0.0.0.0';
const idOf = (key: string) => made.containers.find((one) => one.key === key)?.id ?? '';
const box = (page: Page, key: string): Locator =>
  page.locator('.map-box').filter({ has: page.locator(`a[href="#/containers/${idOf(key)}"]`) });
const group = (page: Page, name: string): Locator => page.locator('.map-group').filter({ hasText: name });

const openMap = (t: Parameters<typeof openDashboard>[0], more = '') =>
  openDashboard(t, browser, server, { link: `#/map?lab=${lab}${more}` });

test('joined ones share one box with one set of interfaces, closed ones stand apart with lo only', async (t) => {
  const dashboard = await openMap(t);
  const { page } = dashboard;
  const web = box(page, 'web');
  await web.getByText('mate').waitFor();
  assert.equal(await box(page, 'mate').getAttribute('data-box'), await web.getAttribute('data-box'));
  await web.locator('.map-line').filter({ hasText: 'eth0' }).waitFor();
  assert.equal(await web.locator('.map-line').count(), 2);
  const facts = await inspectContainer(idOf('web'));
  const address = facts.NetworkSettings.Networks[`${lab}-lan`].IPAddress;
  await web.getByText(address).waitFor();
  await web.locator('.map-port-in').filter({ hasText: /^80$/ }).waitFor();
  await web.locator('.map-port-in').filter({ hasText: /^81$/ }).waitFor();

  const apart = group(page, 'No network');
  await apart.getByText('shut').waitFor();
  assert.deepEqual(await box(page, 'shut').locator('.map-face').allInnerTexts(), ['lo']);
  assert.equal(await apart.locator('.map-box').count(), 1);

  // The bridge with its subnet and gateway, as the engine has them.
  const { stdout } = await docker(
    'network',
    'inspect',
    `${lab}-lan`,
    '--format',
    '{{(index .IPAM.Config 0).Subnet}} {{(index .IPAM.Config 0).Gateway}}',
  );
  const [subnet = '', gateway = ''] = stdout.trim().split(' ');
  await group(page, subnet).getByText(gateway).waitFor();
  const hostPort = facts.NetworkSettings.Ports['80/tcp'].find(isIpv4).HostPort;
  await page
    .locator('.map-port')
    .filter({ hasText: `:${hostPort}` })
    .waitFor();
  await page.locator(`[data-expiring="${lab}"]`).waitFor();
  await dashboard.checkAccessibility('the map');
  for (const theme of ['dark', 'projector']) {
    await page.getByLabel('Theme').selectOption(theme);
    await dashboard.checkAccessibility(`the map, ${theme}`);
  }
  await page.getByLabel('Language').selectOption('zh');
  await group(page, '没有网络').getByText('shut').waitFor();
});

test('edges are the connections that exist, from who opened them, through the port that carries them', async (t) => {
  const { page } = await openMap(t);
  const inside = page.locator('[data-edge].map-edge-inside');
  await inside.waitFor({ state: 'attached' });
  const edge = await inside.getAttribute('data-edge');
  assert.ok(edge?.includes(`box local~${idOf('t1')}  box local~${idOf('web')} tcp 81`), edge ?? '');

  const facts = await inspectContainer(idOf('web'));
  const hostPort = Number(facts.NetworkSettings.Ports['80/tcp'].find(isIpv4).HostPort);
  const gateway = facts.NetworkSettings.Networks[`${lab}-lan`].Gateway;
  const { connect } = await import('node:net');
  // From the host itself, by the address of the bridge: the port carries it.
  const socket = connect(hostPort, gateway);
  t.after(() => socket.destroy());
  socket.on('data', () => {});
  socket.on('error', () => {});
  const published = page.locator('[data-edge].map-edge-published');
  await published.waitFor({ state: 'attached' });
  assert.match(
    (await published.getAttribute('data-edge')) ?? '',
    new RegExp(`host local .*${hostPort}~tcp box local~${idOf('web')} tcp 80`),
  );
  socket.destroy();
  await published.waitFor({ state: 'detached' });
});

test('data that comes moves nothing, and neither does who comes or goes', async (t) => {
  const { page } = await openMap(t);
  await box(page, 'web').locator('.map-rate').filter({ hasText: /B\/s/ }).waitFor();
  const places = async () => {
    const all = await page.locator('.map-box').all();
    return Object.fromEntries(
      await Promise.all(all.map(async (one) => [await one.getAttribute('data-box'), await one.boundingBox()] as const)),
    );
  };
  const before = await places();
  await letTimePass(2_500, 'several samples of the rates come within this time');
  assert.deepEqual(await places(), before);
  const name = `${lab}-late`;
  t.after(() => removeContainer(name));
  await docker(
    'run',
    '-d',
    '--name',
    name,
    '--label',
    `io.terrarium.lab=${lab}`,
    '--label',
    'io.terrarium.managed=true',
    '--network',
    'none',
    'busybox',
    'sleep',
    '600',
  );
  await page.locator('.map-box').filter({ hasText: 'late' }).waitFor();
  const { [Object.keys(await places()).find((key) => !(key in before)) ?? '']: _late, ...others } = await places();
  assert.deepEqual(others, before);
});

test('an orphaned container is seen to be one', async (t) => {
  const { page } = await openMap(t);
  await box(page, 'web').getByText('mate').waitFor();
  await docker('restart', '-t', '0', idOf('web'));
  t.after(async () => {
    await docker('restart', '-t', '0', idOf('mate'));
  });
  await page.locator('.map-box-stranded').getByText('mate').waitFor();
  await page.locator('.map-box-stranded').getByText('orphaned').waitFor();
  assert.notEqual(await box(page, 'mate').getAttribute('data-box'), await box(page, 'web').getAttribute('data-box'));
});

test('the keyboard goes from box to box, and opens a container', async (t) => {
  const { page } = await openMap(t);
  const first = box(page, 't1').getByRole('link');
  await first.focus();
  const seen = new Set<string>();
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp', 'ArrowLeft']) {
    await page.keyboard.press(key);
    seen.add(await page.evaluate(() => document.activeElement?.closest('[data-box]')?.getAttribute('data-box') ?? ''));
  }
  assert.ok(seen.size >= 2 && !seen.has(''), [...seen].join());
  await first.focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction((link) => location.hash === link, `#/containers/${idOf('t1')}`);
});

test('the same as tables, for who does not see the map', async (t) => {
  const dashboard = await openMap(t, '&as=table');
  const { page } = dashboard;
  const connections = page.getByRole('table', { name: 'Connections' });
  await connections
    .getByRole('row')
    .filter({ hasText: `${lab}-t1` })
    .filter({ hasText: '81' })
    .waitFor();
  const row = page
    .getByRole('table', { name: 'Containers' })
    .getByRole('row')
    .filter({ hasText: `${lab}-mate` });
  await row.getByText(`${lab}-web + 1`).waitFor();
  await dashboard.checkAccessibility('the map as a table');
});

test('of an engine that is away the map says that it is what was last known', async (t) => {
  const line = await startChaosProxy(t);
  const away = await startApp(t, { env: { DOCKER_HOST: line.endpoint } });
  const dashboard = await openDashboard(t, browser, away, { link: `#/map?lab=${lab}` });
  const { page } = dashboard;
  await box(page, 'web').waitFor();
  dashboard.forgive(...engineIsAway);
  line.set({ kind: 'refuse' });
  line.cut();
  await page.locator('.map-host-stale').getByText('last known').waitFor();
  assert.equal(await box(page, 'web').count(), 1);
  await dashboard.checkAccessibility('the map of an engine that is away');
  line.set({ kind: 'none' });
  await page.locator('.map-host-stale').waitFor({ state: 'detached', timeout: 40_000 });
});
