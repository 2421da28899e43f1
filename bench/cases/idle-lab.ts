// CPU a sample and container: a lab that does nothing, and one in which every container has traffic all the time; ours against the bare reads of a local
// process, and against an exec a sample.
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { startProgram } from '../child-program.ts';
import { account, execPayers, type Payer, perSecond, readProcess, type Spending, watchPayers } from '../cpu-account.ts';
import { type Bench, makeLab } from '../lab.ts';
import { measureCost, medianByPayer, sumOf } from '../observation-cost.ts';
import { type ObservingServer, startObservingServer } from '../observing-server.ts';
import { execNetstat } from '../peers.ts';
import type { ToReader } from '../programs/bare-reader.ts';
import type { Benchmark, Row } from '../report.ts';
import { onStage, type Stage } from '../stage.ts';
import { type Estimate, estimateMedian } from '../statistics.ts';

const containers = 20;
/**
 * What an idle server does anyhow is in both windows of a pair and larger than what is measured. It asks the engine for everything once a minute: a window
 * of a minute holds just one such, a shorter one has it or not.
 */
const pairs = 4;
const windowMs = 60_000;
const bareMs = 6_000;

/** Five packets a second to itself, and as many lines over a TCP connection to itself; nothing is forked. */
const traffic = 'sleep 86400 | nc -l -p 7 > /dev/null & sleep 1; ping -i 0.2 127.0.0.1 | nc 127.0.0.1 7';

export const idleLab: Benchmark = {
  name: 'idle-lab',
  describe: `CPU a sample of ${containers} idle containers at 1 Hz`,
  run: (log) => onStage((stage) => runIdle(stage, log)),
};

export const busyLab: Benchmark = {
  name: 'busy-lab',
  describe: `CPU a sample of ${containers} containers with traffic at 1 Hz`,
  run: (log) => onStage((stage) => runBusy(stage, log)),
};

async function runIdle(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, { count: containers });
  const execs: number[] = [];
  const measured = await measure(stage, lab, log, async (off) => {
    execs.push(await measureExecs(lab, off));
  });
  const exec = estimateMedian(execs);
  const ours = measured.ours;
  const toFull = measured.full.median / ours.median;
  const toOnce = measured.once.median / ours.median;
  const toExec = exec.median / ours.median;
  return [
    {
      what: `CPU a sample and container, idle lab of ${containers} at 1 Hz, ours / bare ungated reads`,
      value: `1/${toFull.toFixed(1)}`,
      goal: '≤ 1/20',
      holds: toFull >= 20,
      detail: `${describe(measured)}; against the bare reader that knows when to stop 1/${toOnce.toFixed(1)}`,
    },
    {
      what: 'the same, ours / polling by API exec',
      value: `1/${toExec.toFixed(0)}`,
      goal: '≤ 1/300',
      holds: toExec >= 300,
      detail: `an exec of \`netstat -tuwan\` costs ${(exec.median / 1e6).toFixed(1)} ms (95 % CI ${(exec.low / 1e6).toFixed(1)}–${(exec.high / 1e6).toFixed(1)}), the caller's own time not counted`,
    },
  ];
}

async function runBusy(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, { count: containers, command: ['sh', '-c', traffic] });
  const measured = await measure(stage, lab, log);
  const toFull = measured.ours.median / measured.full.median;
  const toOnce = measured.ours.median / measured.once.median;
  return [
    {
      what: 'the same while every container has traffic, ours / bare ungated reads',
      value: toFull.toFixed(2),
      goal: '≤ 1.3',
      holds: toFull <= 1.3,
      detail: `${describe(measured)}; against the bare reader that knows when to stop ${toOnce.toFixed(2)}`,
    },
  ];
}

/** Nanoseconds a sample and container. */
interface Measured {
  readonly ours: Estimate;
  readonly full: Estimate;
  readonly once: Estimate;
  readonly byPayer: Readonly<Record<Payer, number>>;
  /** Share of our samples for which the tables were read. */
  readonly walkedShare: number;
}

async function measure(
  stage: Stage,
  lab: Bench,
  log: (line: string) => void,
  afterwards?: (off: Spending) => Promise<void>,
): Promise<Measured> {
  const server = await startObservingServer(stage);
  const pids = lab.containers.map(({ pid }) => String(pid));
  const readers = { full: await startReader(stage, 'full', pids), once: await startReader(stage, 'once', pids) };
  const bare = { full: [] as number[], once: [] as number[] };
  const costs = await measureCost(
    stage,
    {
      server,
      lab,
      order: {
        path: '/api/v1/stream',
        connections: 1,
        say: [JSON.stringify({ type: 'subscribe', id: 'all', topic: 'netstat', lab: lab.name, intervalMs: 1000 })],
      },
      snapshots: containers,
      pairs,
      windowMs,
      async whileWatched() {
        await checkFreshness(server);
      },
      async meanwhile() {
        bare.full.push(await readers.full());
        bare.once.push(await readers.once());
      },
      ...(afterwards !== undefined && { afterwards }),
    },
    log,
  );
  const byPayer = medianByPayer(costs);
  const measured: Measured = {
    ours: estimateMedian(costs.map((pair) => sumOf(pair) / containers)),
    full: estimateMedian(bare.full),
    once: estimateMedian(bare.once),
    byPayer,
    walkedShare: byPayer.walks / containers,
  };
  log(describe(measured));
  return measured;
}

/** A gate that never looks would cost nothing: what is shown must have been confirmed lately. */
async function checkFreshness(server: ObservingServer): Promise<void> {
  const oldest = await server.gauge('probe_oldest_seconds');
  if (!(oldest < 5)) throw new Error(`What is shown is ${oldest} s old: nobody looks`);
}

/** Starts a bare reader that rests; what it answers lets it read for a while and tells nanoseconds a sample and container. */
async function startReader(
  stage: Stage,
  how: 'full' | 'once',
  pids: readonly string[],
): Promise<() => Promise<number>> {
  const reader = startProgram<ToReader, { tell: 'ready' }>(stage, 'bare-reader.ts', { arguments: [how, ...pids] });
  await reader.next((message): message is { tell: 'ready' } => message.tell === 'ready');
  return async () => {
    reader.say({ do: 'pace' });
    // From the middle between two reads to the middle between two others.
    await sleep(1_500);
    const before = readProcess(reader.pid);
    await sleep(bareMs);
    const used = readProcess(reader.pid) - before;
    reader.say({ do: 'rest' });
    return used / (bareMs / 1000) / pids.length;
  };
}

/** One round of execs over the API, one in each container: nanoseconds of the engine, its shims and what they ran, an exec. */
async function measureExecs(lab: Bench, off: Spending): Promise<number> {
  const limit = pLimit(2);
  const spent = await account({ serverPid: process.pid, targets: lab.ids, observers: async () => [] }, async () => {
    await Promise.all(lab.ids.map((id) => limit(() => execNetstat(id))));
    // Until the shims have reaped.
    await sleep(500);
  });
  return ((perSecond(spent, execPayers) - perSecond(off, execPayers)) * spent.seconds) / lab.ids.length;
}

function describe({ ours, full, once, byPayer, walkedShare }: Measured): string {
  const micro = (ns: number) => (ns / 1000).toFixed(0);
  const parts = watchPayers.map((payer) => `${payer} ${micro(byPayer[payer] / containers)}`).join(', ');
  return `ours ${micro(ours.median)} µs (95 % CI ${micro(ours.low)}–${micro(ours.high)}: ${parts}), bare reads ${micro(full.median)} µs, ${micro(once.median)} µs without the read that finds the end; ${(100 * walkedShare).toFixed(0)} % of our samples read the tables; median of ${pairs} pairs of ${windowMs / 1000} s windows`;
}
