// Two thousand WebSocket clients of one server at once: watchers of one container that never rests, followers of events, and connections with many topics;
// nobody is refused or cut, everybody hears what happens, and when all have left the server is as it was.
import { setTimeout as sleep } from 'node:timers/promises';
import { account, perSecond, watchPayers } from '../cpu-account.ts';
import { docker, makeLab } from '../lab.ts';
import { readDurationMs, scale } from '../load-settings.ts';
import { startObservingServer } from '../observing-server.ts';
import type { ClientOrder } from '../programs/client.ts';
import type { Benchmark, Row } from '../report.ts';
import { countDescriptors } from '../server.ts';
import { describeMemory, inspectable, sampleMemory, watchMemory } from '../server-memory.ts';
import { onStage, type Stage } from '../stage.ts';
import { quantile } from '../statistics.ts';
import { credentials, startWatchers } from '../watchers.ts';

const connections = scale(2_000);
const clientProcesses = 2;
const labSize = 10;
const durationMs = readDurationMs(3);
const sampleMs = 5_000;
const eventsKept = 2_048;

/** One more listener each 0.9 s, and of the 20 the oldest no more: no two looks a second apart see the same. */
const restless = `use Socket; my @open; my $port = 10000;
while (1) {
  socket(my $s, PF_INET, SOCK_STREAM, 0) or die; bind($s, pack_sockaddr_in($port++, INADDR_LOOPBACK)) or die; listen($s, 5) or die;
  push @open, $s; shift @open if @open > 20; select(undef, undef, undef, 0.9);
}`;

export const load2000: Benchmark = {
  name: 'load-2000',
  describe: `${connections} WebSocket clients: watchers, followers of events, many topics`,
  run: (log) => onStage((stage) => run(stage, log)),
};

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, {
    count: labSize,
    image: 'terrarium-test-base:trixie',
    command: ['perl', '-e', restless],
  });
  const server = await startObservingServer(stage, inspectable);
  const measure = await watchMemory(stage, server);
  await fillEvents(server.url, lab.ids[9] ?? '');
  const before = { memory: await measure(), descriptors: await countDescriptors(server.pid) };
  const processes = await Promise.all(Array.from({ length: clientProcesses }, () => startWatchers(stage)));
  const base = server.url.replace('http', 'ws');
  const share = (part: number) => Math.max(1, Math.round((connections * part) / clientProcesses));
  const orders: readonly Omit<ClientOrder, 'headers'>[] = [
    {
      url: `${base}/api/v1/containers/${lab.ids[0]}/netstat?options=tan`,
      connections: share(0.5),
      first: '"type":"snapshot"',
      keep: 'moments',
      name: 'watchers',
    },
    { url: `${base}/api/v1/events`, connections: share(0.25), first: '"type":"snapshot"', keep: 'nothing' },
    {
      url: `${base}/api/v1/stream`,
      connections: share(0.25),
      say: [
        JSON.stringify({ type: 'subscribe', id: 'n', topic: 'netstat', container: lab.ids[1], intervalMs: 2_000 }),
        JSON.stringify({ type: 'subscribe', id: 'i', topic: 'ifconfig', container: lab.ids[2], intervalMs: 2_000 }),
        JSON.stringify({ type: 'subscribe', id: 'e', topic: 'events' }),
      ],
      first: '"type":"snapshot"',
      keep: 'nothing',
    },
  ];
  const began = performance.now();
  for (const one of processes) for (const order of orders) one.connect({ ...order, headers: credentials, atOnce: 100 });
  for (const one of processes) await one.served();
  const servedMs = performance.now() - began;
  log(`all clients have their first data after ${(servedMs / 1000).toFixed(1)} s`);

  const since = Date.now();
  const memory = sampleMemory(measure, sampleMs);
  let happened = 0;
  const spent = await account({ serverPid: server.pid, targets: lab.ids, observers: server.observers }, async () => {
    // Something happens now and then, of which half of them are told.
    for (const end = performance.now() + durationMs; performance.now() < end; happened += 1) {
      await docker.getContainer(lab.ids[9] ?? '').restart({ t: 0 });
      await sleep(2_000);
    }
  });
  const samples = await memory.stop();
  const reports = await Promise.all(processes.map((one) => one.report()));
  const frames = reports.reduce((sum, one) => sum + one.frames, 0);
  const errors = reports.flatMap((one) => one.errors);
  const closed = reports.reduce((sum, one) => sum + one.closed, 0);
  const late = toLastClient(
    reports.flatMap((one) => one.moments),
    since,
    clientProcesses * share(0.5),
  );
  for (const one of processes) await one.stop();
  await server.unobserved();
  await sleep(3_000);
  const after = { memory: await measure(), descriptors: await countDescriptors(server.pid) };
  log(`p99 to the last watcher ${quantile(late, 0.99).toFixed(0)} ms, ${frames} frames`);
  return [
    {
      what: `${connections} WebSocket clients for ${(durationMs / 60_000).toFixed(1)} min: refused or cut`,
      value: `${errors.length + closed}`,
      goal: '0',
      holds: errors.length + closed === 0 && frames > 0,
      detail: `half watch one container, a quarter follow events (${happened} restarts), a quarter have three topics; all served ${(servedMs / 1000).toFixed(1)} s after the first connect; ${frames} frames; a frame is with the last of the watchers after p50 ${quantile(late, 0.5).toFixed(0)} ms, p99 ${quantile(late, 0.99).toFixed(0)} ms (${late.filter((ms) => ms === Number.POSITIVE_INFINITY).length} of ${late.length} were skipped by someone, who got the next); CPU ${((100 * perSecond(spent, watchPayers)) / 1e9).toFixed(0)} % of a core; ${errors.slice(0, 2).join('; ')}`,
    },
    describeMemory('the same', samples, sampleMs),
    {
      what: 'the same, when all have left: descriptors of the server, and its heap beside that before they came',
      value: `${after.descriptors - before.descriptors} more, ${((after.memory.heap - before.memory.heap) / 1e6).toFixed(1)} MB`,
      goal: '≤ 4 more, ≤ 8 MB',
      holds: after.descriptors - before.descriptors <= 4 && after.memory.heap - before.memory.heap <= 8e6,
      detail: `${before.descriptors} → ${after.descriptors}; heap ${(before.memory.heap / 1e6).toFixed(1)} → ${(after.memory.heap / 1e6).toFixed(1)} MB, RSS ${(before.memory.rss / 1e6).toFixed(0)} → ${(after.memory.rss / 1e6).toFixed(0)} MB`,
    },
  ];
}

/** As many events as the server keeps (docs/streams.md): what it holds more of later on is something else. */
async function fillEvents(url: string, container: string): Promise<void> {
  const named = docker.getContainer(container);
  const { Name: name } = await named.inspect();
  for (let i = 0; (await readSequence(url)) < eventsKept; i += 1)
    for (let j = 0; j < 100; j += 1) await named.rename({ name: `${name.slice(1)}-${i}-${j}` });
}

/** How many events the server has told of since its start. */
async function readSequence(url: string): Promise<number> {
  const { body } = await fetch(`${url}/api/v1/events`, { headers: credentials });
  let text = '';
  for await (const chunk of body ?? []) {
    text += Buffer.from(chunk).toString();
    const snapshot = text.split('\n').find((line) => line.startsWith('{"type":"snapshot"') && line.endsWith('}'));
    // To leave the loop is to leave the stream.
    if (snapshot !== undefined) return JSON.parse(snapshot).seq;
  }
  throw new Error('the events ended before their snapshot');
}

/** Milliseconds from each frame's `at` to the last of the watchers that had it; infinite where not all had it. */
function toLastClient(
  moments: readonly { readonly name: string; readonly at: string; readonly lastMs: number; readonly count: number }[],
  since: number,
  watchers: number,
): number[] {
  const byAt = new Map<number, { count: number; lastMs: number }>();
  for (const { name, at: text, count, lastMs } of moments) {
    const at = Date.parse(text);
    if (name !== 'watchers' || at < since) continue;
    const known = byAt.get(at) ?? { count: 0, lastMs: 0 };
    byAt.set(at, { count: known.count + count, lastMs: Math.max(known.lastMs, lastMs) });
  }
  const ordered = [...byAt].sort(([a], [b]) => a - b).slice(0, -1);
  return ordered.map(([at, { count, lastMs }]) => (count >= watchers ? lastMs - at : Number.POSITIVE_INFINITY));
}
