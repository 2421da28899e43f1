// Who reaches whom in a real browser: the matrix of a lab, predicted and proved, walked by keys, explained, filtered, and honest where the two differ.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Container } from '../../../src/schemas/container.ts';
import { startApp } from '../../support/app.ts';
import { openDashboard, startBrowser } from '../../support/browser.ts';
import { defer } from '../../support/defer.ts';
import { type Cleanup, dockerApi, execInContainer, inspectContainer, removeContainer } from '../../support/engine.ts';
import { uniqueName } from '../../support/run-id.ts';
import { waitFor } from '../../support/wait-for.ts';

const server = await startApp({ after });
const browser = await startBrowser({ after });
const lab = uniqueName('reach');
const made: Container[] = [];

async function create(mode: string, body: object): Promise<Container> {
  const answer = await fetch(`${server.url}/api/v1/containers/${mode}`, {
    method: 'POST',
    headers: { ...server.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ lab, ...body }),
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  const container = (await answer.json()) as Container;
  made.push(container);
  return container;
}

let web: Container;
let shy: Container;
let hermit: Container;
let client: Container;
before(async () => {
  [web, shy, hermit, client] = await Promise.all([
    create('open', {
      name: uniqueName('web'),
      ports: ['127.0.0.1::2222'],
      command: ['sh', '-c', 'httpd -f -p 2222 & echo $! > /tmp/pid; httpd -f -p 80'],
    }),
    create('bridged', { name: uniqueName('shy'), command: ['httpd', '-f', '-p', '127.0.0.1:80'] }),
    create('closed', { name: uniqueName('hermit') }),
    create('bridged', {
      name: uniqueName('client'),
      capabilities: ['NET_ADMIN'],
      command: ['httpd', '-f', '-p', '81'],
    }),
  ]);
});
after(() => Promise.all(made.map(({ name }) => removeContainer(name))));

/** busybox has no program that does. Ends with the test. */
async function listenOnUdp(cleanup: Cleanup, { id }: Container, port: number): Promise<void> {
  const { State } = await inspectContainer(id);
  const listen = `my $socket = IO::Socket::INET->new(Proto => "udp", LocalPort => ${port}) or die; print "listening\\n"; close STDOUT; sleep`;
  const args = [`--net=/proc/${State.Pid}/ns/net`, 'perl', '-MIO::Socket::INET', '-e', listen];
  const listener = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  defer(cleanup, () => {
    listener.kill('SIGKILL');
  });
  await once(listener.stdout, 'data');
}

/** The cell of a row and a column, by what is read out. */
function cellOf(page: Page, from: string, column: string) {
  return {
    async locate() {
      const heads = page.locator('.reach-port');
      await page.getByRole('columnheader', { name: column, exact: true }).waitFor();
      const names = await heads.evaluateAll((all) => all.map((one) => (one as { ariaLabel?: string }).ariaLabel ?? ''));
      const at = names.indexOf(column);
      return page
        .getByRole('row')
        .filter({ has: page.getByRole('rowheader', { name: from, exact: true }) })
        .locator('td')
        .nth(at);
    },
    async says(words: string) {
      let said: string | null = null;
      await waitFor(
        async () => {
          said = await (await this.locate()).getAttribute('aria-label');
          return said === words ? true : undefined;
        },
        { what: `${from} → ${column} to say "${words}"` },
      ).catch((error: Error) => assert.fail(`${error.message}, not "${said}"`));
    },
  };
}

test('the matrix of a lab is predicted, walked by keys and explained', async (t) => {
  const dashboard = await openDashboard(t, browser, server, { link: `#/reach?lab=${lab}` });
  const { page } = dashboard;
  const grid = page.getByRole('grid');
  await cellOf(page, client.name, `${web.name}, tcp 2222`).says('reaches');
  await cellOf(page, client.name, `${shy.name}, tcp 80`).says('does not reach');
  await cellOf(page, hermit.name, `${web.name}, tcp 80`).says('does not reach');
  const [{ hostPort = 0 } = {}] = web.ports;
  await cellOf(page, 'host', `${web.name}, tcp · port ${hostPort} of the host, published for it`).says('reaches');
  await cellOf(page, client.name, `${hermit.name}, no port`).says('nothing to try');
  await dashboard.checkAccessibility('the matrix');

  // One stop of Tab, and arrows within.
  assert.equal(await grid.locator('[tabindex="0"]').count(), 1);
  await (await cellOf(page, shy.name, `${client.name}, tcp 81`).locate()).focus();
  const detail = page.getByRole('complementary', { name: 'This cell' });
  await detail.getByText('A connection is accepted by the program that listens').waitFor();
  await page.keyboard.press('ArrowUp');
  await detail.getByText('The source has no route to the address').first().waitFor();
  await detail.getByText('A closed container has none: create it bridged instead.').first().waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.evaluate('document.activeElement.textContent'), hermit.name);
  await page.keyboard.press('End');
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('ArrowUp');
  assert.equal(await page.evaluate('document.activeElement.getAttribute("scope")'), 'colgroup');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Fold the ports of host' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Unfold the ports of host' }).waitFor();
  assert.equal(await grid.locator('[tabindex="0"]').count(), 1);

  // Pointing explains too; a click keeps the cell in the link, with the way of the packet.
  await (await cellOf(page, client.name, `${shy.name}, tcp 80`).locate()).hover();
  await detail.getByText('The program listens on the loopback address only').waitFor();
  await (await cellOf(page, client.name, `${shy.name}, tcp 80`).locate()).click();
  await page.getByRole('heading', { name: 'The way of the packet' }).waitFor();
  await detail.locator('.reach-hops li').first().waitFor();
  assert.match(page.url(), new RegExp(`from=${client.id}.*port=tcp%2F80`));
  await page.reload();
  await page.mouse.move(0, 0);
  await detail.getByText('The program listens on the loopback address only').waitFor();
  await page.getByRole('combobox', { name: 'Language' }).selectOption('zh');
  await page.getByText('程序只监听回环地址').waitFor();
  await page.getByText('让程序监听 0.0.0.0').waitFor();
  await dashboard.checkAccessibility('the matrix in Chinese');
});

test('it is narrowed to a container, to what can, and to UDP, which nobody can prove', async (t) => {
  const { page } = await openDashboard(t, browser, server, { link: `#/reach?lab=${lab}` });
  const grid = page.getByRole('grid');
  await grid.waitFor();
  await page.getByRole('combobox', { name: 'Show' }).selectOption({ label: 'Only what can' });
  await page.getByRole('rowheader', { name: hermit.name }).waitFor({ state: 'detached' });
  assert.deepEqual(await grid.locator('td[aria-label="does not reach"]').count(), 0);
  assert.match(page.url(), /show=reaches/);
  await page.getByRole('combobox', { name: 'Show' }).selectOption({ label: 'Everything' });
  await page.getByRole('combobox', { name: 'Container' }).selectOption({ label: hermit.name });
  await page.getByRole('rowheader', { name: hermit.name }).waitFor();
  const shown = await grid.locator('tbody tr', { hasText: client.name }).locator('td[aria-label]').count();
  assert.equal(shown, 1, 'of another row only what concerns the container');
  await page.getByRole('combobox', { name: 'Container' }).selectOption({ label: 'All containers' });
  await listenOnUdp(t, client, 53);
  await page.getByLabel('UDP too').check();
  await cellOf(page, shy.name, `${client.name}, udp 53`).says('reaches, cannot be proved');
  await page.getByRole('combobox', { name: 'Show' }).selectOption({ label: 'Only disagreements' });
  await page.getByText('Nothing matches the filter').waitFor();
  await page.getByRole('button', { name: 'Clear the filter' }).click();
  await grid.waitFor();
});

test('real connections prove it, what changes afterwards is not proved any more, and a contradiction is an alarm', async (t) => {
  const dashboard = await openDashboard(t, browser, server, { link: `#/reach?lab=${lab}&verify=true` });
  const { page } = dashboard;
  await page.locator('[data-proof]').waitFor({ timeout: 60_000 });
  assert.doesNotMatch(page.url(), /verify/, 'a reload is not to connect again');
  await cellOf(page, client.name, `${web.name}, tcp 80`).says('reaches, proved');
  await cellOf(page, client.name, `${shy.name}, tcp 80`).says('does not reach, proved');
  assert.equal(await page.locator('.reach-alarm').count(), 0);

  // A program ends without an event: the next look finds it.
  await execInContainer(web.name, 'sh', '-c', 'kill $(cat /tmp/pid)');
  await page
    .getByRole('columnheader', { name: `${web.name}, tcp 2222` })
    .waitFor({ state: 'detached', timeout: 40_000 });
  // A paused source connects to nothing; that is an event.
  assert.ok((await dockerApi('POST', `/containers/${shy.id}/pause`)).status < 300);
  await cellOf(page, shy.name, `${web.name}, tcp 80`).says('does not reach, proved before it changed');
  assert.ok((await dockerApi('POST', `/containers/${shy.id}/unpause`)).status < 300);
  await cellOf(page, shy.name, `${web.name}, tcp 80`).says('reaches, proved');

  // Policy routing is beyond the model: it says that it reaches, and it does not.
  const [{ ipv4 = '' } = {}] = web.networks;
  await execInContainer(
    client.name,
    'sh',
    '-c',
    `ip route add blackhole default table 99; ip rule add to ${ipv4} table 99`,
  );
  await page.getByRole('button', { name: 'Prove it' }).click();
  const alarm = page.getByRole('alert').filter({ hasText: 'contradict' });
  await alarm.waitFor({ timeout: 60_000 });
  await cellOf(page, client.name, `${web.name}, tcp 80`).says('reaches, contradicted by a real connection');
  await dashboard.checkAccessibility('a contradiction');
  await alarm.getByRole('button', { name: `${client.name} → ${web.name} at ${ipv4}:80` }).click();
  await page.getByRole('complementary').getByText('contradicted by a real connection').first().waitFor();
  await page.getByRole('combobox', { name: 'Show' }).selectOption({ label: 'Only disagreements' });
  // The other way it is the answer that does not come back.
  await page.waitForFunction(() => document.querySelectorAll('.reach-grid td[aria-label]').length === 2);
});

test('fifty containers: walking draws nothing, and a change draws its row alone', async (t) => {
  const { page } = await openDashboard(t, browser, server);
  const nodes = Array.from({ length: 50 }, (_, i) => ({
    id: `node-${i}`,
    name: `c-${String(i).padStart(2, '0')}`,
    kind: 'container',
    state: 'running',
    effective: 'bridged',
    namespace: `n-${i}`,
  }));
  const answer = (codeOfFirst: string) => ({
    engine: 'local',
    asOf: new Date().toISOString(),
    lab: null,
    nodes,
    pairs: [],
    unknown: [],
    verification: null,
    entries: nodes.flatMap((from) =>
      nodes.flatMap((to) =>
        from === to
          ? []
          : [80, 443].map((port) => {
              const fails = from.id === 'node-7' && to.id === 'node-9' && port === 80 && codeOfFirst === 'no_route';
              return {
                from: from.id,
                to: to.id,
                address: `10.9.0.${to.id.slice(5)}`,
                port,
                protocol: 'tcp',
                at: 'own',
                outcome: fails ? 'fails' : 'reaches',
                code: fails ? 'no_route' : 'reaches',
                seenAs: null,
                carriedBy: null,
                sentence: '',
                verifiable: true,
                verified: null,
              };
            }),
      ),
    ),
  });
  let code = 'reaches';
  await page.route('**/api/v1/reachability*', (route) => route.fulfill({ json: answer(code) }));
  await page.evaluate('location.hash = "#/reach"');
  await page.waitForFunction(() => document.querySelectorAll('.reach-grid td').length === 51 * 100);
  await page.evaluate(`
    window.mutations = [];
    new MutationObserver((all) => window.mutations.push(...all)).observe(document.querySelector('.reach-grid'), { subtree: true, childList: true, attributes: true, characterData: true });
  `);
  await page.locator('.reach-grid td').nth(500).focus();
  for (let i = 0; i < 10; i += 1) await page.keyboard.press('ArrowRight');
  const walked = await page.evaluate<string[]>(
    'window.mutations.map(({ attributeName, type }) => attributeName ?? type)',
  );
  assert.ok(walked.length <= 11 * 10, `${walked.length} mutations of ten steps`);
  assert.ok(
    walked.every((name) => ['tabindex', 'class', 'style'].includes(name)),
    walked.join(),
  );
  await page.mouse.move(5, 5);
  code = 'no_route';
  await page.evaluate('window.mutations.length = 0');
  await page.waitForFunction(
    () => document.querySelectorAll('.reach-grid td[aria-label="does not reach"]').length === 1,
    undefined,
    { timeout: 30_000 },
  );
  const drawn = await page.evaluate<string[]>(
    'window.mutations.filter(({ target }) => target.tagName === "TD").map(({ attributeName }) => attributeName)',
  );
  assert.deepEqual(drawn.toSorted(), ['aria-label', 'class']);
});
