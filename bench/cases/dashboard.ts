// The map in a browser while a hundred containers change twice a second: what a frame costs the page's own thread, what the page weighs, and what it
// holds in memory after minutes of it. Chromium's trace tells CPU time of the thread, so that others on the machine do not count.
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { chromium, type Page } from 'playwright-core';
import { makeLab } from '../lab.ts';
import type { Benchmark, Row } from '../report.ts';
import { startServer, token } from '../server.ts';
import { onStage, type Stage } from '../stage.ts';
import { quantile, slopeOf } from '../statistics.ts';

const containers = 100;
/** Milliseconds that are traced. */
const windowMs = 15_000;
const frameMs = 1_000 / 60;
/** Milliseconds of memory: `TERRARIUM_BENCH_MINUTES`, or two minutes. */
const memoryMs = Number(process.env.TERRARIUM_BENCH_MINUTES ?? 2) * 60_000;
const memorySamples = 12;
/** kB that the heap may grow by in a minute and still count as flat. */
const flatKb = 100;

/** Says something twice a second to the first of the lab, and opens and closes a port twice a second; nothing of it forks but `nc`. */
const restless = (lab: string) => [
  'sh',
  '-c',
  `mkfifo /tmp/never; exec 3<>/tmp/never
  nc -ll -p 80 -e cat &
  (while :; do (while :; do read -t 0.5 x <&3; echo hello; done) | nc ${lab}-0 80 >/dev/null; read -t 1 x <&3; done) &
  while :; do nc -l -p 8000 & read -t 0.5 x <&3; kill $!; read -t 0.5 x <&3; done`,
];

export const dashboard: Benchmark = {
  name: 'dashboard',
  describe: `the map in a browser while ${containers} containers change at 2 Hz`,
  run: (log) => onStage((stage) => run(stage, log)),
};

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, { count: containers, command: restless });
  const server = await startServer();
  stage.later(() => server.stop());
  const browser = await chromium.launch({
    executablePath: process.env.TERRARIUM_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--js-flags=--expose-gc'],
  });
  stage.later(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const weight = await openMap(page, server.url, lab.name);
  log(`the page weighs ${(weight / 1_000).toFixed(0)} kB`);
  for (let drawn = 0; drawn < containers * 0.9; await sleep(500)) drawn = await page.locator('[data-edge]').count();
  await sleep(5_000);

  await browser.startTracing(page, { categories: ['devtools.timeline', 'toplevel'] });
  await sleep(windowMs);
  const frames = readFrames(JSON.parse((await browser.stopTracing()).toString()) as Trace);
  const busy = frames.filter((ms) => ms > 0);
  const p95 = quantile(busy, 0.95);
  log(
    `${busy.length} frames with work: p50 ${quantile(busy, 0.5).toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, longest ${Math.max(...busy).toFixed(1)} ms`,
  );

  const heap: number[] = [];
  for (let sample = 0; sample < memorySamples; sample += 1) {
    await sleep(memoryMs / memorySamples);
    heap.push(await readHeap(page));
  }
  const perMinute = (slopeOf(heap) * memorySamples * 60_000) / memoryMs / 1_000;
  log(`heap: ${heap.map((bytes) => (bytes / 1e6).toFixed(2)).join(' ')} MB`);
  return [
    {
      what: `dashboard: scripting and layout a frame, ${containers} containers at 2 Hz, p95`,
      value: `${p95.toFixed(1)} ms`,
      goal: '< 17 ms',
      holds: p95 < 17,
      detail: `CPU time of the page's thread in each 1/60 s with work, ${busy.length} of ${frames.length}; p50 ${quantile(busy, 0.5).toFixed(1)} ms, longest ${Math.max(...busy).toFixed(1)} ms`,
    },
    {
      what: 'dashboard: weight of the map before anything else is opened',
      value: `${(weight / 1_000).toFixed(0)} kB`,
      goal: '≤ 200 kB',
      holds: weight <= 200_000,
      detail: 'all that is loaded, by gzip',
    },
    {
      what: 'dashboard: growth of the heap',
      value: `${perMinute.toFixed(0)} kB/min`,
      goal: `≤ ${flatKb} kB/min`,
      holds: perMinute <= flatKb,
      detail: `${(memoryMs / 60_000).toFixed(0)} minutes, after a collection each time; ${((heap.at(-1) ?? 0) / 1e6).toFixed(1)} MB at the end`,
    },
  ];
}

/** Logs in, opens the map of a lab, and answers the bytes of what was loaded for it, by gzip. */
async function openMap(page: Page, url: string, lab: string): Promise<number> {
  const loaded: Promise<number>[] = [];
  page.on('response', (answer) => {
    if (answer.url().startsWith(`${url}/assets/`) || answer.url() === `${url}/login`)
      loaded.push(answer.body().then((body) => gzipSync(body, { level: 9 }).length));
  });
  const answer = await fetch(`${url}/api/v1/login-codes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  const { url: login } = (await answer.json()) as { url: string };
  await page.goto(login);
  await page.getByRole('navigation').waitFor();
  await page.evaluate(`location.hash = '#/map?lab=${lab}'`);
  await page.locator('.map-box').first().waitFor();
  return (await Promise.all(loaded)).reduce((sum, bytes) => sum + bytes, 0);
}

interface Trace {
  readonly traceEvents: readonly {
    readonly ph: string;
    readonly name: string;
    readonly pid: number;
    readonly tid: number;
    readonly ts: number;
    readonly tdur?: number;
    readonly args?: { readonly name?: string };
  }[];
}

/** Milliseconds of CPU time of the page's main thread in each sixtieth of a second, by the moment at which a task began. */
function readFrames({ traceEvents }: Trace): readonly number[] {
  const tasks = traceEvents.filter(
    ({ ph, name, tdur }) => ph === 'X' && name.endsWith('RunTask') && tdur !== undefined,
  );
  const threads = new Map<string, number>();
  for (const { ph, name, pid, tid, args } of traceEvents)
    if (ph === 'M' && name === 'thread_name' && args?.name === 'CrRendererMain') threads.set(`${pid} ${tid}`, 0);
  for (const { pid, tid, tdur = 0 } of tasks) {
    const key = `${pid} ${tid}`;
    if (threads.has(key)) threads.set(key, (threads.get(key) ?? 0) + tdur);
  }
  // Chromium keeps a spare renderer: the page's is the one that works.
  const [page] = [...threads].sort(([, one], [, other]) => other - one)[0] ?? [];
  const own = tasks.filter(({ pid, tid }) => `${pid} ${tid}` === page);
  const start = Math.min(...own.map(({ ts }) => ts));
  const frames: number[] = Array.from({ length: Math.floor(windowMs / frameMs) }, () => 0);
  for (const { ts, tdur = 0 } of own) {
    const frame = Math.floor((ts - start) / 1_000 / frameMs);
    if (frame < frames.length) frames[frame] = (frames[frame] ?? 0) + tdur / 1_000;
  }
  return frames;
}

async function readHeap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}
