// Networks in a real browser: made in the words of daemon.json with what is wrong beside the field and a free subnet by a click, connected, and removed.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { removeContainer, removeNetwork, runCommand } from '../../support/engine.ts';
import { randomNet } from '../../support/networks.ts';
import { uniqueName } from '../../support/run-id.ts';

const server = await startApp({ after });
const browser = await startBrowser({ after });

test('a network is made, used and removed', async (t) => {
  const name = uniqueName('net');
  const other = uniqueName('net');
  const container = uniqueName('member');
  t.after(async () => {
    await removeContainer(container);
    await removeNetwork(name);
    await removeNetwork(other);
  });
  const net = randomNet();
  const answer = await fetch(`${server.url}/api/v1/containers/bridged`, {
    method: 'POST',
    headers: { ...server.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ name: container }),
  });
  assert.equal(answer.status, 201);

  const dashboard = await openDashboard(t, browser, server, { link: '#/networks' });
  const { page } = dashboard;
  // What is refused is refused by the server.
  dashboard.forgive(/400|409/);
  await page.getByRole('link', { name: 'bridge', exact: true }).waitFor();
  await dashboard.checkAccessibility('the networks');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('Make a network');
  await page.keyboard.press('Enter');
  const form = page.getByRole('form', { name: 'Make a network' });
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('bip', { exact: true }).fill(`${net}.5/24`);
  await form.getByLabel('default-gateway').fill('10.20.1.1');
  await form.getByRole('alert').filter({ hasText: 'does not lie in' }).waitFor();
  assert.equal(await form.getByLabel('default-gateway').getAttribute('aria-invalid'), 'true');
  await dashboard.checkAccessibility('a network that cannot be made');
  await form.getByLabel('default-gateway').fill(`${net}.1`);
  await form.getByLabel('dns').fill('10.20.1.2, 10.20.1.3');
  await form.getByLabel('mtu').fill('1400');
  await form.getByText('It could be made').waitFor();
  await form.getByRole('button', { name: 'Copy as…' }).click();
  const ways = form.locator('.copy-as-ways button');
  assert.equal(
    await ways.nth(1).getAttribute('title'),
    `terrarium networks create ${name} --bip ${net}.5/24 --default-gateway ${net}.1 --mtu 1400 --dns 10.20.1.2 --dns 10.20.1.3`,
  );
  await form.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('heading', { name }).waitFor();
  await page.getByText(`${net}.0/24`).waitFor();

  // An address that is not there is refused beside its field; then it is connected, and its address links on.
  const connect = page.getByRole('form', { name: 'Connect a container' });
  await connect.getByLabel('Container').selectOption(container);
  await connect.getByLabel('Its address').fill('192.0.2.77');
  await connect.getByRole('button', { name: 'Connect' }).click();
  await connect.getByRole('alert').waitFor();
  assert.equal(await connect.getByLabel('Its address').getAttribute('aria-invalid'), 'true');
  await connect.getByLabel('Its address').fill(`${net}.77`);
  await connect.getByRole('button', { name: 'Connect' }).click();
  await page.getByRole('row').filter({ hasText: container }).getByText(`${net}.77`).waitFor();
  await dashboard.checkAccessibility('a network');

  // One in use stays, and its users are named.
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page
    .getByRole('alert')
    .filter({ hasText: `is used by "${container}"` })
    .waitFor();
  await page.getByRole('button', { name: `Take off ${container}` }).click();
  await page.getByText('No container is on it').waitFor();

  // The subnet is taken now: a free one is offered, each address at its place.
  await page.evaluate("location.hash = '#/networks?new=true'");
  await form.getByLabel('Name').fill(other);
  await form.getByLabel('bip', { exact: true }).fill(`${net}.193/26`);
  await form.getByText(`overlaps with the network "${name}"`).first().waitFor();
  await form.getByRole('button', { name: 'Take it' }).click();
  await form.getByText('It could be made').waitFor();
  assert.notEqual(await form.getByLabel('bip', { exact: true }).inputValue(), `${net}.193/26`);
  await page.getByRole('combobox', { name: 'Language' }).selectOption('zh');
  await page.getByText('可以创建').waitFor();
  await dashboard.checkAccessibility('a new network in Chinese');
  await page.getByRole('combobox', { name: '语言' }).selectOption('en');

  await dashboard.goTo(`#/networks/${name}`);
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText(`Network ${name} is removed`).waitFor();
  const { stdout } = await runCommand('docker', ['network', 'ls', '--format', '{{.Name}}']);
  assert.ok(!stdout.split('\n').includes(name));
});
