// A lab of 30 containers on 3 networks: brought up, applied again and removed, by us and by Docker Compose in turn.
import pLimit from 'p-limit';
import type { CreateBody } from '../../src/domain/container/create-body.ts';
import { type ComposeProject, composeProject } from '../compose.ts';
import { docker } from '../lab.ts';
import type { Benchmark, Row } from '../report.ts';
import { startServer, token } from '../server.ts';
import { onStage, type Stage } from '../stage.ts';
import { estimateMedian, median } from '../statistics.ts';

const rounds = Number(process.env.TERRARIUM_BENCH_ROUNDS ?? 11);
const warmUp = 1;
const networks = ['front', 'middle', 'back'];
const containers = Array.from({ length: 30 }, (_, i) => ({
  name: `c${i + 1}`,
  network: networks[i % networks.length] ?? '',
}));
const command = ['sleep', '3600'];
/** As many of the bare calls at a time as the server makes. */
const bareAtOnce = 16;
const phases = ['up', 'again', 'down'] as const;
type Phase = (typeof phases)[number];

const goals: Readonly<Record<Phase, { what: string; most: number }>> = {
  up: { what: 'ours / `docker compose up -d --wait`', most: 0.8 },
  again: { what: 'applied again with nothing to do, ours / `docker compose up -d --wait`', most: 0.1 },
  down: { what: 'removed, ours / `docker compose down`', most: 0.8 },
};

export const lab: Benchmark = {
  name: 'lab',
  describe: `a lab of ${containers.length} containers on ${networks.length} networks, up and down, against Docker Compose`,
  run: (log) => onStage((stage) => run(stage, log)),
};

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const server = await startServer();
  stage.later(() => server.stop());
  const name = `bench-lab-${process.pid}`;
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok && !(method === 'DELETE' && answer.status === 404)) throw new Error(`${method} ${path}: ${text}`);
    return JSON.parse(text);
  };
  stage.later(() => call('DELETE', `/labs/${name}`));
  const file = {
    networks: Object.fromEntries(networks.map((network) => [network, null])),
    containers: Object.fromEntries(
      containers.map((one) => [one.name, { mode: 'bridged', network: one.network, command }]),
    ),
  };
  const { request } = (await call('POST', '/containers/bridged?dryRun=true', { command, network: 'bridge' })) as {
    request: CreateBody;
  };
  const peer = await composeProject(stage, `bench-compose-${process.pid}`, {
    networks,
    containers: containers.map((one) => ({ ...one, request })),
  });
  if (peer === null) {
    log('Docker Compose is not installed (apt-get install docker-compose): nothing to compare with');
    return [];
  }
  const ours: ComposeProject = {
    up: async () => void (await call('PUT', `/labs/${name}`, file)),
    down: async () => void (await call('DELETE', `/labs/${name}`)),
  };
  const contenders = { ours, peer };
  const times = { ours: emptyTimes(), peer: emptyTimes() };
  const bare: number[] = [];
  for (let round = 0; round < rounds + warmUp; round += 1) {
    const order = round % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const);
    for (const who of order) {
      const taken = await playRound(contenders[who]);
      log(`${who}: ${phases.map((phase) => `${phase} ${taken[phase].toFixed(0)} ms`).join(', ')}`);
      if (round >= warmUp) for (const phase of phases) times[who][phase].push(taken[phase]);
    }
    const limit = await makeBare(stage, `bench-bare-${process.pid}-${round}`, request);
    log(`bare calls: up ${limit.toFixed(0)} ms`);
    if (round >= warmUp) bare.push(limit);
  }
  const compared = phases.map((phase) => {
    const [mine, theirs] = [times.ours[phase], times.peer[phase]];
    const ratio = estimateMedian(mine.map((value, i) => value / (theirs[i] ?? Number.NaN)));
    const { what, most } = goals[phase];
    return {
      what: `lab of ${containers.length} containers on ${networks.length} networks, ${what}`,
      value: ratio.median.toFixed(3),
      goal: `≤ ${most}`,
      holds: ratio.median <= most,
      detail: `median of ${rounds} alternating pairs, 95 % CI ${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)}; medians ${median(mine).toFixed(0)} and ${median(theirs).toFixed(0)} ms`,
    };
  });
  return [...compared, describeBare(times.ours.up, times.peer.up, bare)];
}

/** What the engine takes for the same, whoever asks: bare calls, no lock, no record, no look at what came of them. Answers the milliseconds. */
async function makeBare(stage: Stage, name: string, request: CreateBody): Promise<number> {
  const remove = async () => {
    await Promise.all(
      containers.map((one) =>
        docker
          .getContainer(`${name}-${one.name}`)
          .remove({ force: true })
          .catch(() => {}),
      ),
    );
    await Promise.all(
      networks.map((network) =>
        docker
          .getNetwork(`${name}-${network}`)
          .remove()
          .catch(() => {}),
      ),
    );
  };
  stage.later(remove);
  const limit = pLimit(bareAtOnce);
  const took = await time(async () => {
    await Promise.all(networks.map((network) => docker.createNetwork({ Name: `${name}-${network}` })));
    await Promise.all(
      containers.map((one) =>
        limit(async () => {
          const HostConfig = { ...request.HostConfig, NetworkMode: `${name}-${one.network}` };
          const { Image, Cmd } = request;
          const made = await docker.createContainer({ name: `${name}-${one.name}`, Image, Cmd, HostConfig } as object);
          await made.start();
        }),
      ),
    );
  });
  await remove();
  return took;
}

function describeBare(ours: readonly number[], peer: readonly number[], bare: readonly number[]): Row {
  const against = (times: readonly number[]) =>
    estimateMedian(times.map((value, i) => value / (bare[i] ?? Number.NaN)));
  const [mine, theirs] = [against(ours), against(peer)];
  return {
    what: `lab of ${containers.length} containers on ${networks.length} networks, ours / bare calls of dockerode, ${bareAtOnce} at a time`,
    value: mine.median.toFixed(3),
    goal: '',
    holds: true,
    detail: `what the engine takes, whoever asks: median ${median(bare).toFixed(0)} ms, 95 % CI ${mine.low.toFixed(3)}–${mine.high.toFixed(3)}; Compose / the same ${theirs.median.toFixed(3)}`,
  };
}

async function playRound({ up, down }: ComposeProject): Promise<Record<Phase, number>> {
  return { up: await time(up), again: await time(up), down: await time(down) };
}

function emptyTimes(): Record<Phase, number[]> {
  return { up: [], again: [], down: [] };
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
