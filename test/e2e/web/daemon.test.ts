// The workbench for daemon.json in a real browser: the lecture's example fails at its line, is mended by clicks, and shows the docker0 that results.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';

const server = await startApp({ after });
const browser = await startBrowser({ after });

test("the lecture's example is explained at its line, and mended by clicks", async (t) => {
  const dashboard = await openDashboard(t, browser, server);
  const { page } = dashboard;
  await page.keyboard.press('Control+k');
  await page.keyboard.type('daemon.json of the lecture');
  await page.keyboard.press('Enter');
  await page.locator('[data-verdict="fails"]').waitFor();
  assert.match(page.url(), /#\/daemon$/);
  const problem = page.locator('[data-problem="gateway_outside_subnet"]');
  await problem.getByText('does not lie in docker0').waitFor();
  assert.equal(await page.locator('.daemon-number.daemon-has-error').textContent(), '6');
  assert.equal(await page.locator('.daemon-line.daemon-has-error mark').textContent(), '"10.20.1.1"');
  await page.getByText('It looks at values one by one').waitFor();
  await dashboard.checkAccessibility('a file that fails');

  await problem.getByRole('button', { name: 'Go to line 6' }).click();
  await page.keyboard.press('End');
  const editor = page.getByRole('textbox', { name: 'The text of daemon.json' });
  const before = await editor.evaluate((area) => {
    const { value, selectionStart } = area as HTMLTextAreaElement;
    return value.slice(0, selectionStart);
  });
  assert.equal(before.split('\n').length, 6, 'the caret is in that line');

  await problem.getByRole('button', { name: 'Set "default-gateway" to "192.168.1.1"' }).click();
  await page.locator('[data-verdict="boots"]').waitFor();
  await editor.press('Control+z');
  await page.locator('[data-verdict="fails"]').waitFor();
  await problem.getByRole('button', { name: 'Remove "default-gateway"' }).click();
  await page.locator('[data-verdict="boots"]').waitFor();
  await page.getByRole('button', { name: 'Set "fixed-cidr" to "192.168.1.128/25"' }).click();
  await page.getByText('192.168.1.128/25', { exact: true }).waitFor();
  await page.getByRole('img', { name: 'The subnet 192.168.1.0/24 as a bar' }).waitFor();
  await page.locator('[data-problem="no_effect"]').first().getByRole('button', { name: 'Add "ipv6": true' }).click();
  await page
    .locator('[data-problem="gateway_outside_subnet"]')
    .getByRole('button', { name: /^Set "default-gateway-v6"/ })
    .click();
  await page.getByText('Nothing to remark').waitFor();
  await dashboard.checkAccessibility('a file that starts');

  // In this tab only: a reload keeps it, and it is in no link and in no other place.
  const text = await editor.inputValue();
  await page.reload();
  assert.equal(await editor.inputValue(), text);
  assert.doesNotMatch(page.url(), /192\.168/);
  assert.doesNotMatch(await page.evaluate(() => JSON.stringify(localStorage)), /192\.168/);

  await page.getByRole('combobox', { name: 'Language' }).selectOption('zh');
  await page.getByText('dockerd 能启动', { exact: true }).waitFor();
  await page.getByText('没有问题').waitFor();
  await dashboard.checkAccessibility('the workbench in Chinese');
});

test('it is judged as it is typed, whatever is typed', async (t) => {
  const { page } = await openDashboard(t, browser, server, { link: '#/daemon' });
  const editor = page.getByRole('textbox', { name: 'The text of daemon.json' });
  await page.locator('[data-verdict="boots"]').waitFor();
  await editor.pressSequentially('{ "mtu": 1400,\n}');
  await page.locator('[data-problem="malformed_json"]').getByRole('button', { name: 'Take it out' }).click();
  await page.locator('[data-verdict="boots"]').waitFor();
  assert.equal(await editor.inputValue(), '{ "mtu": 1400\n}');
  const hostile = '<img src=x onerror=alert(1)>';
  await editor.fill(JSON.stringify({ [hostile]: hostile, '‮rtl': 'x'.repeat(5_000) }));
  await page.locator('[data-problem="unknown_key"]').getByText(hostile).first().waitFor();
  assert.equal(await page.locator('main img').count(), 0);
});

test('an old docker0, an example, and a file that is dropped', async (t) => {
  const { page } = await openDashboard(t, browser, server, { link: '#/daemon?docker0=192.168.1.9/24' });
  const editor = page.getByRole('textbox', { name: 'The text of daemon.json' });
  await editor.fill('{ "default-gateway": "172.17.0.254" }');
  await page.locator('[data-problem="gateway_outside_subnet"]').waitFor();
  await page.getByRole('combobox', { name: 'Started on' }).selectOption('fresh');
  await page.locator('[data-verdict="boots"]').waitFor();
  await page.getByRole('combobox', { name: 'Started on' }).selectOption('the host of local');
  await page.locator('.daemon-right:not(.daemon-old) [data-verdict]').waitFor();
  await page.getByRole('combobox', { name: 'Begin with' }).selectOption('what engine local has');
  await page.waitForFunction(() => document.querySelector('textarea')?.value.includes('"icc"'));

  await page.locator('.daemon-left').evaluate((left) => {
    for (const bytes of [new TextEncoder().encode('{ "nonsense": 1 }'), new Uint8Array([0x7b, 0xff, 0x7d])]) {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], 'daemon.json'));
      left.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }
  });
  await page.getByText('The file is not UTF-8').waitFor();
  assert.equal(await editor.inputValue(), '{ "nonsense": 1 }');
  await page.locator('[data-problem="unknown_key"]').waitFor();
});
