// Whatever others can name or say is text to the dashboard: nothing of it becomes an element, a style or a script.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { createTestContainer, createTestNetwork } from '../../support/engine.ts';
import { uniqueName } from '../../support/run-id.ts';

const server = await startApp({ after });
const browser = await startBrowser({ after });
/** Each would be seen: as an element, as a call, as a frame of its own. */
const hostile = `"><img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script><style>*{display:none}</style>\u202e</a>'`;

test('labels, commands and names of a lab that are HTML are shown as they are', async (t) => {
  const lab = `${uniqueName('lab')}<b>`;
  const labels = {
    'io.terrarium.managed': 'true',
    'io.terrarium.mode': 'bridged',
    'io.terrarium.lab': lab,
    'io.terrarium.owner': hostile,
    'io.terrarium.expires-at': hostile,
    'io.terrarium.target': hostile,
    evil: hostile,
  };
  const network = await createTestNetwork(t, { body: { Labels: { ...labels, evil: hostile } } });
  const { id, name } = await createTestContainer(t, {
    body: {
      Cmd: ['sh', '-c', `echo '${hostile.replaceAll("'", '')}'; sleep 3600`],
      Labels: labels,
      HostConfig: { NetworkMode: network.name },
    },
  });
  const evil = encodeURIComponent(hostile);
  const links = [
    '#/map?scope=all',
    '#/map?scope=all&as=table',
    `#/map?lab=${encodeURIComponent(lab)}`,
    `#/map?lab=${evil}&engine=${evil}`,
    '#/containers?scope=all',
    `#/containers/${id}`,
    ...['netstat', 'ifconfig', 'ports', 'namespaces', 'logs'].map((tab) => `#/containers/${id}/${tab}`),
    `#/containers/${evil}/${evil}`,
    `#/create/${evil}?name=${evil}&command=${evil}&ports=${evil}&network=${evil}`,
    '#/labs',
    `#/labs/${evil}`,
    `#/lessons/${evil}?as=${evil}`,
    `#/reach?scope=all&lab=${encodeURIComponent(lab)}`,
    `#/reach?lab=${evil}&container=${evil}&cell=${evil}`,
    '#/networks',
    `#/networks/${network.name}`,
    `#/networks/${evil}`,
    `#/events?lab=${evil}&container=${evil}&kind=${evil}`,
    '#/engines',
    `#/engines/${evil}`,
    `#/daemon?example=${evil}`,
    `#/${evil}`,
  ];
  const isRefused = (link: string) => link.includes(evil);
  const dashboard = await openDashboard(t, browser, server);
  const { page } = dashboard;
  for (const link of [...links.filter((one) => !isRefused(one)), ...links.filter(isRefused)]) {
    // What a link names that cannot be, the server refuses.
    if (isRefused(link)) dashboard.forgive(/status of 4\d\d/);
    await dashboard.goTo(link);
    await page.reload();
    await page.locator('main :is(h1, h2)').first().waitFor();
    if (link.endsWith('scope=all') || link.endsWith(id)) await page.getByText(name).first().waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill(name);
    await page.getByRole('option', { name }).waitFor();
    assert.deepEqual(
      await page.evaluate(() => [
        document.title.includes('pwned'),
        document.querySelectorAll('img, b, main script, main style').length,
      ]),
      [false, 0],
      link,
    );
  }
});

test('an answer of the server that is HTML is shown as text too', async (t) => {
  const { page } = await openDashboard(t, browser, server, { link: '#/map' });
  await page.getByRole('link', { name: 'Engines' }).waitFor();
  await page.route('**/api/v1/engines', async (route) => {
    const answer = await route.fetch();
    const [engine] = (await answer.json()) as { name: string; state: string; reason: string }[];
    await route.fulfill({ response: answer, json: [{ ...engine, state: 'stale', reason: hostile, version: hostile }] });
  });
  await page.locator('[data-notice="engine local"]').getByText('onerror').waitFor();
  assert.equal(await page.evaluate(() => document.querySelectorAll('img, main script, main style').length), 0);
  assert.ok(!(await page.title()).includes('pwned'));
});
