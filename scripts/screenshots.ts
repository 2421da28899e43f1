// `npm run screenshots [-- NAME …]`: every view of the dashboard (or those named) as docs/screenshots/NAME.png, taken in Chromium of a lab on an
// engine of its own, with a client beyond its host. Needs root, as a private engine does.
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabFile } from '../src/schemas/lab.ts';
import { startApp } from '../test/support/app.ts';
import { type Dashboard, openDashboard, startBrowser } from '../test/support/browser.ts';
import { runCommand } from '../test/support/engine.ts';
import { useLabs } from '../test/support/labs.ts';
import { plugOutsideClient } from '../test/support/outside-client.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../test/support/private-engine.ts';

interface Shot {
  readonly name: string;
  /** Where it is; ids by the names of {@link lab} in braces. */
  readonly link: string;
  readonly theme?: 'light' | 'dark' | 'projector';
  readonly language?: 'en' | 'zh';
  /** What is done before it is taken. */
  readonly prepare?: (dashboard: Dashboard) => Promise<void>;
}

/** Adding a view is adding a line. */
const shots: readonly Shot[] = [
  { name: 'map', link: '#/map?lab=shop' },
  { name: 'map-dark', link: '#/map?lab=shop', theme: 'dark' },
  { name: 'map-projector', link: '#/map?lab=shop', theme: 'projector' },
  { name: 'map-chinese', link: '#/map?lab=shop', language: 'zh' },
  { name: 'map-table', link: '#/map?lab=shop&as=table' },
  { name: 'containers', link: '#/containers' },
  { name: 'container-netstat', link: '#/containers/{web}/netstat' },
  { name: 'container-ifconfig', link: '#/containers/{web}/ifconfig' },
  { name: 'container-ports', link: '#/containers/{web}/ports?port=80&from=outside' },
  { name: 'container-namespaces', link: '#/containers/{agent}/namespaces' },
  {
    name: 'container-terminal',
    link: '#/containers/{web}/terminal',
    async prepare({ page }) {
      await page.locator('[data-terminal="open"]').waitFor();
      await page.keyboard.type('netstat -tan\n');
    },
  },
  {
    name: 'reach',
    link: '#/reach?lab=shop',
    async prepare({ page }) {
      await page.locator('.reach-grid .reach-is-fails').first().click();
      await page.locator('.reach-hops').first().waitFor();
      await page.mouse.move(0, 0);
    },
  },
  { name: 'daemon', link: '#/daemon?example=lecture' },
  { name: 'daemon-chinese', link: '#/daemon?example=mended', language: 'zh', theme: 'dark' },
  { name: 'networks', link: '#/networks' },
  { name: 'network', link: '#/networks/shop-front' },
  { name: 'events', link: '#/events?scope=all' },
  {
    name: 'create',
    link: '#/create/open?name=shop-2&network=shop-front&command=httpd+-f+-p+2222&ports=8088:2222%0A127.0.0.1::2222',
  },
  { name: 'create-joined', link: '#/create/joined?name=peek&target=shop-web', theme: 'dark' },
  { name: 'labs', link: '#/labs' },
  { name: 'lesson', link: '#/labs/closed' },
  { name: 'lesson-chinese', link: '#/lessons/open?as=alice', language: 'zh' },
  { name: 'engines', link: '#/engines' },
  { name: 'engine', link: '#/engines/local' },
  {
    name: 'palette',
    link: '#/map?lab=shop',
    async prepare({ page }) {
      await page.keyboard.press('Control+k');
      await page.keyboard.type('th');
    },
  },
];

/** Accepts, and says so many bytes ten times a second. */
const serve = (...ports: readonly [port: number, bytes: number][]) =>
  ports.map(
    ([port, bytes]) =>
      `(while :; do nc -ll -p ${port} -e sh -c 'while :; do head -c ${bytes} /dev/zero; sleep 0.1; done'; done) &`,
  );
const ask = (...ends: string[]) =>
  ends.map((end) => `(while :; do nc ${end} </dev/zero >/dev/null; sleep 0.5; done) &`);
const play = (...lines: string[]) => ['sh', '-c', `${lines.join('\n')}\nwait`];

const lab: LabFile = {
  networks: {
    front: { bip: '10.20.0.1/24', 'fixed-cidr': '10.20.0.128/25' },
    back: { bip: '10.20.8.1/24', internal: true },
  },
  containers: {
    web: {
      mode: 'open',
      network: 'front',
      command: play(...serve([80, 1_800], [443, 6_000])),
      ports: ['8080:80', '8443:443', '127.0.0.1:9443:443'],
    },
    agent: { mode: 'joined', target: 'web', command: play(...ask('api 3000')) },
    sniffer: { mode: 'joined', target: 'web' },
    api: { mode: 'open', network: 'front', command: play(...serve([3000, 400])), ports: [3000] },
    db: { mode: 'bridged', network: 'back', command: play(...serve([5432, 900])) },
    alice: { mode: 'bridged', network: 'front', command: play(...ask('web 80')) },
    bob: { mode: 'bridged', network: 'front', command: play(...ask('web 443', 'api 3000')) },
    worker: { mode: 'bridged', network: 'back', command: play(...ask('db 5432')) },
    vault: { mode: 'closed' },
    spare: { mode: 'closed' },
    left: { mode: 'joined', target: 'spare' },
  },
  ttl: '14m',
};

const cleaners: (() => void | Promise<void>)[] = [];
const cleanup = { after: (step: () => void | Promise<void>) => void cleaners.push(step) };
const folder = path.resolve(import.meta.dirname, '..', 'docs', 'screenshots');

const reason = whyNoPrivateEngine();
if (reason !== false) throw new Error(reason);
try {
  await take();
} finally {
  for (const clean of cleaners.reverse())
    await (async () => clean())().catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
}

async function take(): Promise<void> {
  const engine = await startPrivateEngine(cleanup, { image: 'busybox:latest' });
  const server = await startApp(cleanup, { env: { DOCKER_HOST: engine.host } });
  const { lab: made } = await useLabs(server, cleanup).apply('shop', lab);
  const ids = new Map(made.containers.map(({ key, id }) => [key, id]));
  await useLabs(server, cleanup).apply(
    'closed',
    await readFile(path.resolve(folder, '../../labs/closed.yaml'), 'utf8'),
  );
  await engine.docker('network', 'connect', 'shop-back', 'shop-api');
  await engine.docker('stop', '-t', '0', 'shop-spare');
  const client = await plugOutsideClient(cleanup, engine);
  for (const port of [8080, 8443]) {
    const [program = '', ...args] = client.place;
    void runCommand(program, [...args, 'bash', '-c', `exec 3<>/dev/tcp/${client.host}/${port}; cat <&3 >/dev/null`], {
      timeoutMs: 300_000,
    }).catch(() => {});
  }
  const wanted = process.argv.slice(2);
  if (wanted.length === 0) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const browser = await startBrowser(cleanup);
  for (const { name, link, theme = 'light', language = 'en', prepare } of shots.filter(
    (shot) => wanted.length === 0 || wanted.includes(shot.name),
  )) {
    const dashboard = await openDashboard(cleanup, browser, server, {
      link: link.replace(/\{(\w+)\}/, (_all, key: string) => ids.get(key) ?? key),
      context: {
        viewport: { width: 1440, height: 900 },
        locale: language === 'zh' ? 'zh-CN' : 'en-GB',
        colorScheme: theme === 'dark' ? 'dark' : 'light',
      },
    });
    const { page } = dashboard;
    // A form is tried while it is filled in: what is missing is answered with 400.
    dashboard.forgive(/status of 400/);
    if (theme === 'projector') await page.getByLabel('Theme').selectOption(theme);
    // Two looks at everything: rates need them.
    await sleep(4_000);
    await prepare?.(dashboard);
    await page.screenshot({ path: path.join(folder, `${name}.png`) });
    await page.context().close();
    console.log(`docs/screenshots/${name}.png`);
  }
}
