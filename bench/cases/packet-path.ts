// The path of one port against one run of the rules helper that it rests on: from nothing, and while helpers of the last question are still there.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import { RulesHelper } from '../../src/services/host-network/rules-helper.ts';
import { createServantStarter } from '../../src/services/observation/servant-starter.ts';
import { makeLab } from '../lab.ts';
import type { Benchmark, Row } from '../report.ts';
import { startServer, token } from '../server.ts';
import { onStage, type Stage } from '../stage.ts';
import { median } from '../statistics.ts';

const rounds = 7;
/** Looks in a row, each round, while the helpers are there. */
const warmLooks = 5;
/** Milliseconds after which no helper of the last question is left. */
const goneMs = 10_000;

export const packetPath: Benchmark = {
  name: 'packet-path',
  describe: 'the path of one published port, against one run of the rules helper',
  run: (log) => onStage((stage) => run(stage, log)),
};

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, { count: 1, command: ['httpd', '-f', '-p', '80'] });
  const server = await startServer();
  stage.later(() => server.stop());
  const [target] = lab.ids;
  const ask = async () => {
    const answer = await fetch(`${server.url}/api/v1/containers/${target}/ports/80/path`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (answer.status !== 200) throw new Error(await answer.text());
    await answer.arrayBuffer();
  };
  const times = { path: [] as number[], helper: [] as number[], warmPath: [] as number[] };
  const warmHelper: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    times.path.push(await time(ask));
    for (let look = 0; look < warmLooks; look += 1) times.warmPath.push(await time(ask));
    await sleep(goneMs);
    const { cold, warm } = await runHelper();
    times.helper.push(cold);
    warmHelper.push(...warm);
    log(`path ${times.path.at(-1)?.toFixed(0)} ms, helper ${cold.toFixed(0)} ms`);
  }
  const cold = median(times.path) / median(times.helper);
  const warm = median(times.warmPath) / median(warmHelper);
  const how = `medians of ${rounds} alternating rounds`;
  return [
    {
      what: 'path of one port / one run of the rules helper, from nothing',
      value: `${cold.toFixed(2)} times`,
      goal: '≤ 1.5 times',
      holds: cold <= 1.5,
      detail: `${how}: ${median(times.path).toFixed(0)} ms (rules helper, docker-proxies and probe beside each other) and ${median(times.helper).toFixed(0)} ms`,
    },
    {
      what: 'path of one port / one more look of the rules helper, while it is there',
      value: `${warm.toFixed(2)} times`,
      goal: '',
      holds: true,
      detail: `${how}: ${median(times.warmPath).toFixed(0)} ms and ${median(warmHelper).toFixed(0)} ms; two looks into one namespace are 90 ms apart`,
    },
  ];
}

/** One run: made, started, asked, and asked again. Its end is awaited, and not counted: nobody waits for it. */
async function runHelper(): Promise<{ cold: number; warm: number[] }> {
  const engine = connectEngine({
    name: 'bench',
    endpoint: process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock',
  });
  const leaving: Promise<void>[] = [];
  const helper = new RulesHelper({
    engine,
    serverId: `bench-${process.pid}`,
    start: createServantStarter({ engine, image: 'busybox:latest', closedBy: () => undefined }),
    onLeaving: (gone) => leaving.push(gone),
  });
  const ask = () => helper.ask(['rules', 'links', 'interfaces', 'sockets']);
  try {
    const cold = await time(ask);
    const warm: number[] = [];
    for (let look = 0; look < warmLooks; look += 1) warm.push(await time(ask));
    return { cold, warm };
  } finally {
    helper.close();
    await Promise.all(leaving);
    await engine.close();
  }
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
