// The map of more containers than a picture can hold: a table says more, and who wants the picture gets it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { callDocker, removeContainer } from '../../support/engine.ts';
import { labName } from '../../support/labs.ts';
import { testLabels, uniqueName } from '../../support/run-id.ts';

const server = await startApp({ after });
const browser = await startBrowser({ after });
const count = 151;

test('beyond 150 containers there is a table, and the map for who wants it', async (t) => {
  const lab = labName();
  const names = Array.from({ length: count }, (_, index) => uniqueName(`many-${index}`));
  t.after(async () => {
    for (const name of names) await removeContainer(name);
  });
  // What never ran counts too, and costs the machine nothing.
  const labels = {
    ...testLabels,
    'io.terrarium.managed': 'true',
    'io.terrarium.mode': 'closed',
    'io.terrarium.lab': lab,
  };
  const body = { Image: 'busybox:latest', Labels: labels, HostConfig: { NetworkMode: 'none' } };
  for (const name of names) await callDocker('POST', `/containers/create?name=${name}`, body);
  const dashboard = await openDashboard(t, browser, server, { link: `#/map?lab=${lab}` });
  const { page } = dashboard;
  await page.getByText(`${count} containers: a table says more`).waitFor();
  const table = page.getByRole('table', { name: 'Containers' });
  await table.getByRole('row').nth(count).waitFor();
  await page.getByRole('searchbox', { name: 'Filter: Containers' }).fill(names[7] ?? '');
  await page.getByText(`1 of ${count}`).waitFor();
  await page.getByRole('button', { name: 'Draw the map anyway' }).click();
  await page
    .locator('.map-box')
    .nth(count - 1)
    .waitFor();
  assert.equal(await page.locator('.map-box').count(), count);
});
