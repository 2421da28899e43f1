// Three hundred containers of one engine, sockets and interfaces of each once a second, a tenth of them restless, and several clients of all of it: what it
// costs, that memory stays, and that at the end every client holds what a newcomer is told.
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { startProgram } from '../child-program.ts';
import { account, perSecond, watchPayers } from '../cpu-account.ts';
import { docker, makeLab, runContainer } from '../lab.ts';
import { readDurationMs, scale } from '../load-settings.ts';
import { readPss } from '../memory.ts';
import { startObservingServer } from '../observing-server.ts';
import type { CopyReport, FromCopies, ToCopies } from '../programs/copy-client.ts';
import type { Benchmark, Row } from '../report.ts';
import { describeMemory, inspectable, sampleMemory, watchMemory } from '../server-memory.ts';
import { onStage, type Stage } from '../stage.ts';
import { credentials } from '../watchers.ts';

const containers = scale(300);
const restless = Math.ceil(containers / 10);
const clients = 5;
const durationMs = readDurationMs(3);
const sampleMs = 5_000;

/** Opens and closes a port each second. */
const restlessCommand = ['sh', '-c', 'while :; do nc -l -p 8000 & sleep 1; kill $!; wait; sleep 1; done'];

export const load300: Benchmark = {
  name: 'load-300',
  describe: `${containers} containers on one engine, netstat and ifconfig of each at 1 Hz, ${clients} clients of all`,
  run: (log) => onStage((stage) => run(stage, log)),
};

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, { count: containers - restless });
  const limit = pLimit(4);
  const moving = await Promise.all(
    Array.from({ length: restless }, (_, i) =>
      limit(() =>
        runContainer({
          lab: lab.name,
          name: `${lab.name}-restless-${i}`,
          image: 'busybox:latest',
          command: restlessCommand,
          networkMode: lab.name,
        }),
      ),
    ),
  );
  log(`${containers} containers are there`);
  const server = await startObservingServer(stage, inspectable);
  const measure = await watchMemory(stage, server);
  const copies = startProgram<ToCopies, FromCopies>(stage, 'copy-client.ts');
  const report = async (): Promise<CopyReport> => {
    const told = copies.next(
      (message): message is Extract<FromCopies, { tell: 'report' }> => message.tell === 'report',
    );
    copies.say({ do: 'report' });
    return (await told).report;
  };
  // A connection holds 512 streams at most: one for each topic.
  const join = (name: string) => {
    for (const topic of ['netstat', 'ifconfig'])
      copies.say({
        do: 'connect',
        order: {
          name: `${name} ${topic}`,
          url: `${server.url.replace('http', 'ws')}/api/v1/stream`,
          headers: credentials,
          say: [JSON.stringify({ type: 'subscribe', id: topic, topic, lab: lab.name, intervalMs: 1_000 })],
        },
      });
  };
  const served = async (name: string) => {
    for (const deadline = performance.now() + 120_000; ; await sleep(250)) {
      const { clients: all, errors } = await report();
      if (errors.length > 0) throw new Error(`A client could not watch: ${errors.slice(0, 3).join('; ')}`);
      const own = all.filter((one) => one.name.startsWith(`${name} `));
      const held = own.reduce((sum, one) => sum + Object.keys(one.held).length, 0);
      if (held === 2 * containers) return;
      if (performance.now() > deadline) throw new Error(`${name} holds ${held} of ${2 * containers} streams`);
    }
  };
  for (let client = 1; client <= clients; client++) join(`client ${client}`);
  const began = performance.now();
  for (let client = 1; client <= clients; client++) await served(`client ${client}`);
  const servedMs = performance.now() - began;
  log(`all clients hold all ${2 * containers} streams after ${(servedMs / 1000).toFixed(1)} s`);

  await sleep(5_000);
  const memory = sampleMemory(measure, sampleMs);
  let oldest = 0;
  const targets = [...lab.ids, ...moving.map(({ id }) => id)];
  const spent = await account({ serverPid: server.pid, targets, observers: server.observers }, async () => {
    for (const end = performance.now() + durationMs; performance.now() < end; await sleep(1_000))
      oldest = Math.max(oldest, await server.gauge('probe_oldest_seconds'));
  });
  const samples = await memory.stop();
  const probes = await readProbeMemory(server.observers);

  // Nothing moves any more: who has been here all the time holds what one is told who comes now.
  await Promise.all(moving.map(({ id }) => limit(() => docker.getContainer(id).pause())));
  stage.later(() =>
    Promise.all(
      moving.map(({ id }) =>
        docker
          .getContainer(id)
          .unpause()
          .catch(() => {}),
      ),
    ),
  );
  await sleep(8_000);
  join('newcomer');
  await served('newcomer');
  const last = await report();
  const wrong = countDifferences(last);
  const frames = last.clients.reduce((sum, one) => sum + one.frames, 0);
  for (const words of last.errors.slice(0, 5)) log(words);

  const cores = perSecond(spent, watchPayers) / 1e9;
  const byPayer = watchPayers.map((payer) => `${payer} ${((100 * spent.ns[payer]) / 1e9 / spent.seconds).toFixed(1)}`);
  return [
    {
      what: `${containers} containers at 1 Hz, ${clients} clients of all: streams that a client holds otherwise than a newcomer`,
      value: `${wrong} of ${clients * 2 * containers}`,
      goal: '0, no errors',
      holds: wrong === 0 && last.errors.length === 0,
      detail: `${restless} of them open and close a port each second; ${frames} frames in ${(durationMs / 60_000).toFixed(1)} min, ${last.errors.length} errors; all was there ${(servedMs / 1000).toFixed(1)} s after connecting; what was shown was ${oldest.toFixed(1)} s old at most`,
    },
    {
      what: 'the same: CPU in all',
      value: `${(100 * cores).toFixed(0)} %`,
      goal: '≤ 100 % of a core',
      holds: cores <= 1,
      detail: `in ${spent.seconds.toFixed(0)} s, % of a core: ${byPayer.join(', ')}; the server is collected each ${sampleMs / 1000} s besides`,
    },
    describeMemory('the same', samples, sampleMs, `probe ${(probes / 1e6).toFixed(1)} MB`),
  ];
}

async function readProbeMemory(observers: () => Promise<readonly string[]>): Promise<number> {
  const pids = await Promise.all(
    (await observers()).map(async (id) => (await docker.getContainer(id).top({ ps_args: '-eo pid' })).Processes),
  );
  return readPss(pids.flat(2).map(Number));
}

/** Streams of old clients that are not what the newcomer holds of the same. */
function countDifferences({ clients: all }: CopyReport): number {
  const fresh = Object.assign({}, ...all.filter(({ name }) => name.startsWith('newcomer')).map(({ held }) => held));
  let wrong = 0;
  for (const { name, held } of all)
    if (!name.startsWith('newcomer'))
      for (const [key, words] of Object.entries(held)) if (fresh[key] !== words) wrong += 1;
  return wrong;
}
