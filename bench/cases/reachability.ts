// Who reaches whom among fifty containers: predicted, and proved by real connections.
import pino from 'pino';
import { predictMatrix } from '../../src/domain/reachability/matrix.ts';
import { hostNodeId } from '../../src/domain/reachability/places.ts';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import { createRegistry } from '../../src/engine/registry.ts';
import type { Reachability } from '../../src/schemas/verification.ts';
import { describePrincipal } from '../../src/services/access.ts';
import { createHostNetworks } from '../../src/services/host-network/host-networks.ts';
import { ObservationService } from '../../src/services/observation/observation-service.ts';
import { createSeenInodes } from '../../src/services/seen-inodes.ts';
import { createSurveyor } from '../../src/services/survey/survey.ts';
import { makeLab } from '../lab.ts';
import type { Benchmark, Row } from '../report.ts';
import { startServer, token } from '../server.ts';
import { onStage, type Stage } from '../stage.ts';
import { median } from '../statistics.ts';

const containers = 50;
const rounds = 9;
const proofs = 3;
const image = 'busybox:latest';

export const reachability: Benchmark = {
  name: 'reachability',
  describe: `the matrix of ${containers} containers, predicted and verified`,
  run: (log) => onStage((stage) => run(stage, log)),
};

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, { count: containers, command: ['httpd', '-f', '-p', '80'] });
  const alone = await predictAlone(stage, new Set(lab.ids));
  log(`prediction alone ${alone.map((ms) => ms.toFixed(1)).join(', ')} ms`);

  const server = await startServer();
  stage.later(() => server.stop());
  const ask = async (query: string) => {
    const began = performance.now();
    const answer = await fetch(`${server.url}/api/v1/reachability?lab=${lab.name}${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await answer.text();
    const ms = performance.now() - began;
    if (answer.status !== 200) throw new Error(text);
    const matrix = JSON.parse(text) as Reachability;
    if (matrix.pairs.length < containers * (containers - 1)) throw new Error(`${matrix.pairs.length} pairs only`);
    return { ms, matrix };
  };
  const first = await ask('');
  const whole: number[] = [];
  for (let round = 0; round < rounds; round += 1) whole.push((await ask('')).ms);
  log(`whole answers ${whole.map((ms) => ms.toFixed(0)).join(', ')} ms; the first ${first.ms.toFixed(0)} ms`);

  const proved: number[] = [];
  let connections = 0;
  for (let round = 0; round < proofs; round += 1) {
    const { ms, matrix } = await ask('&verify=true');
    const { verification } = matrix;
    if (verification === null || verification.disagreements.length > 0)
      throw new Error(`not proved: ${JSON.stringify(verification).slice(0, 1000)}`);
    connections = verification.connections;
    proved.push(ms);
    log(`${connections} connections in ${ms.toFixed(0)} ms`);
  }
  return [
    {
      what: `Matrix of ${containers} containers, predicted`,
      value: `${median(alone).toFixed(1)} ms`,
      goal: '≤ 50 ms',
      holds: median(alone) <= 50,
      detail: `median of ${rounds} worlds (the first, before anything is compiled, ${(alone[0] ?? 0).toFixed(0)} ms), ${first.matrix.entries.length} entries; the whole answer, everything read anew: ${median(whole).toFixed(0)} ms, the first ${first.ms.toFixed(0)} ms`,
    },
    {
      what: `Matrix of ${containers} containers, verified through helpers, whatever is in the images`,
      value: `${(median(proved) / 1000).toFixed(1)} s`,
      goal: '≤ 10 s',
      holds: median(proved) <= 10_000,
      detail: `median of ${proofs}; ${connections} connections from ${containers + 1} namespaces`,
    },
  ];
}

/** Worlds that were read one after the other, each predicted once: nothing of the last one is remembered. */
async function predictAlone(stage: Stage, ids: ReadonlySet<string>): Promise<number[]> {
  const endpoint = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
  const engine = connectEngine({ name: 'bench', endpoint });
  const mirror = createRegistry({ engine });
  const log = pino({ level: 'silent' });
  const mirrors = [mirror];
  const serverId = `bench-${process.pid}`;
  const now = () => Date.now();
  const observation = new ObservationService({
    mirrors,
    observer: 'probe',
    helperImage: image,
    serverId,
    inodes: createSeenInodes(),
    log,
    now,
  });
  const hosts = createHostNetworks({ mirrors, policy: 'read', helperImage: image, serverId });
  stage.later(async () => {
    await Promise.all([observation.close(), hosts.close()]);
    await mirror.close();
    await engine.close();
  });
  mirror.start();
  await mirror.settled();
  const surveyor = createSurveyor({ observation, hosts, now });
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const worlds = await surveyor.survey([mirror], ({ id }) => ids.has(id), describePrincipal('admin', 'admin'));
    const began = performance.now();
    predictMatrix(worlds, { nodes: new Set([...ids, hostNodeId]) });
    times.push(performance.now() - began);
  }
  return times;
}
