// The panel as a whole: who may only look, both languages in each theme, names of any length, and a container that is made anew under its name.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { useApi } from '../../support/api.ts';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { uniqueName } from '../../support/run-id.ts';

const server = await startApp({ after });
const api = useApi(server, { after });
const browser = await startBrowser({ after });

const serving = { command: ['httpd', '-f', '-p', '2222'] };

test('who may only look sees the network, and is told why there is nothing to press and nothing from inside', async (t) => {
  const { name } = await api.create('open', { ...serving, ports: ['127.0.0.1::2222'] });
  const { body } = await api.post('/login-codes?role=viewer');
  const dashboard = await openDashboard(t, browser, server, { logIn: false });
  const { page } = dashboard;
  await page.goto(body.url);
  await page.getByText('Read-only', { exact: true }).waitFor();
  await dashboard.goTo(`#/containers/${name}`);
  await page.getByRole('cell', { name: '[::]:2222' }).waitFor();
  await page.locator('[data-refusal]').getByText('This login may look at everything').waitFor();
  assert.equal(await page.getByRole('button', { name: /Stop|Remove|Restart|Pause/ }).count(), 0);
  await page.getByRole('link', { name: 'Ports' }).click();
  await page.locator('.ports-path').first().waitFor();
  for (const tab of ['Logs', 'Terminal', 'Exec']) {
    await page.getByRole('link', { name: tab, exact: true }).click();
    await page.locator('[data-kept]').getByText(`${tab} is not among its rights`).waitFor();
  }
  await dashboard.checkAccessibility('a panel that may only look');
});

test('each tab keeps its contrast and its names in Chinese, dark and on the projector', async (t) => {
  const web = await api.create('open', { ...serving, ports: ['127.0.0.1::2222'], ttl: '2h' });
  const dashboard = await openDashboard(t, browser, server, {
    link: `#/containers/${web.name}`,
    context: { locale: 'zh-CN' },
  });
  const { page } = dashboard;
  await page.getByText('连在网桥上并已发布端口').waitFor();
  const shown: readonly (readonly [tab: string, what: string])[] = [
    ['netstat', '.netstat tbody tr'],
    ['ifconfig', '.ifconfig-card'],
    ['端口', '.ports-path'],
    ['命名空间', '.namespaces-words li'],
    ['日志', '.logs-box'],
    ['终端', '[data-terminal="open"]'],
    ['执行命令', '.exec'],
  ];
  for (const theme of ['dark', 'projector']) {
    await page.locator('.preferences select').last().selectOption(theme);
    for (const [tab, what] of shown) {
      await page.getByRole('link', { name: tab, exact: true }).click();
      await page.locator(what).first().waitFor();
      assert.equal(await page.evaluate(() => (document.scrollingElement?.scrollWidth ?? 0) <= innerWidth), true, tab);
      await dashboard.checkAccessibility(`${tab}, ${theme}`);
    }
  }
});

test('a name of any length and a long command stay in their place, on a narrow page too', async (t) => {
  const name = uniqueName(`long-${'x'.repeat(60)}`);
  await api.create('bridged', { name, command: ['sleep', '3600', ...Array(50).fill('1')] });
  const { page } = await openDashboard(t, browser, server, {
    link: `#/containers/${name}/namespaces`,
    context: { viewport: { width: 420, height: 800 } },
  });
  await page.getByText('Its network is its own').waitFor();
  assert.ok(await page.evaluate(() => (document.scrollingElement?.scrollWidth ?? 0) <= innerWidth));
});

test('what is made anew under its name by a rejoin is followed', async (t) => {
  const name = uniqueName('target');
  await api.create('bridged', { ...serving, name });
  const member = await api.create('joined', { target: name, command: ['sleep', '3600'] });
  await api.delete(`/containers/${name}`).expect(204);
  const { page } = await openDashboard(t, browser, server, { link: `#/containers/${member.id}/ifconfig` });
  await page.locator('[data-notice="orphaned"]').getByText('was removed').waitFor();
  await api.create('bridged', { ...serving, name });
  await page.getByRole('button', { name: 'Rejoin' }).click();
  await page.waitForURL(
    (url) => /#\/containers\/[0-9a-f]{64}\/ifconfig$/.test(url.href) && !url.href.includes(member.id),
  );
  await page.getByRole('heading', { name: member.name }).waitFor();
  await page.locator('[data-notice="orphaned"]').waitFor({ state: 'detached' });
  await page.getByRole('article', { name: 'eth0' }).waitFor();
});

test('a container is reached from the list and from the palette, and its tabs by the keyboard', async (t) => {
  const target = await api.create('bridged', serving);
  const member = await api.create('joined', { target: target.name, command: ['sleep', '3600'] });
  const { page } = await openDashboard(t, browser, server, { link: '#/containers' });
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: member.name, exact: true }) });
  await row.getByRole('link', { name: target.name, exact: true }).click();
  await page.getByRole('heading', { name: target.name }).waitFor();
  await page.getByRole('link', { name: 'ifconfig' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('article', { name: 'lo' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'ifconfig' }).getAttribute('aria-current'), 'page');
  await page.goBack();
  await page.locator('.netstat').waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type(member.name);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: member.name }).waitFor();
});
