// A plan of a lab of 1,000 containers, on an engine that holds nothing and on one that holds them all. The engine is of this benchmark's own.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import pLimit from 'p-limit';
import { stringify } from 'yaml';
import { toCreateRequest } from '../../src/domain/lab/desired-lab.ts';
import type { LabFile } from '../../src/schemas/lab.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../../test/support/private-engine.ts';
import type { Benchmark, Row } from '../report.ts';
import { startServer, token } from '../server.ts';
import { onStage, type Stage } from '../stage.ts';
import { estimateMedian } from '../statistics.ts';

const count = 1_000;
const rounds = 31;
const warmUp = 5;
/** Milliseconds from an answer to the next question: asked without a pause, a server on a busy machine says that it has too much to do. */
const between = 150;
const mostMs = 100;
const lab = 'bench';

const file: LabFile = {
  containers: Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `c${i}`,
      i % 2 === 0
        ? { mode: 'closed', command: ['sleep', '3600'], ...(i >= 10 && { after: [`c${i - 10}`] }) }
        : { mode: 'bridged', network: 'bridge', command: ['sleep', '3600'], env: { NUMBER: String(i) } },
    ]),
  ),
};

export const labPlan: Benchmark = {
  name: 'lab-plan',
  describe: `a plan of a lab of ${count} containers`,
  run: (log) => onStage((stage) => run(stage, log)),
};

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const why = whyNoPrivateEngine();
  if (why !== false) {
    log(`not measured: ${why}`);
    return [];
  }
  const engine = await startPrivateEngine({ after: (undo) => stage.later(undo) }, { image: 'busybox:latest' });
  const server = await startServer({ DOCKER_HOST: engine.host, TERRARIUM_MAX_LAB_CONTAINERS: '10000' });
  stage.later(() => server.stop());
  const post = async (path: string, body: string): Promise<unknown> => {
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${text}`);
    return JSON.parse(text);
  };
  const measure = async (holds: string, wanted: string, text = JSON.stringify(file)): Promise<Row> => {
    const times: number[] = [];
    let cpuMs = 0;
    for (let round = 0; round < rounds + warmUp; round += 1) {
      await sleep(between);
      const cpuBefore = await readCpuMs(server.pid);
      const began = performance.now();
      const { steps } = (await post(`/labs/${lab}/plan`, text)) as { steps: { do: string }[] };
      if (round >= warmUp) {
        times.push(performance.now() - began);
        cpuMs += (await readCpuMs(server.pid)) - cpuBefore;
      }
      if (steps.length !== count || steps.some((step) => step.do !== wanted)) throw new Error('It is another plan');
    }
    const { median, low, high } = estimateMedian(times);
    log(`${holds}: ${median.toFixed(0)} ms`);
    return {
      what: `plan of a lab of ${count} containers, ${holds}`,
      value: `${median.toFixed(0)} ms`,
      goal: `≤ ${mostMs} ms`,
      holds: median <= mostMs,
      detail: `request to answer over HTTP, median of ${rounds}, 95 % CI ${low.toFixed(0)}–${high.toFixed(0)} ms, worst ${Math.max(...times).toFixed(0)} ms; the server's CPU time ${(cpuMs / rounds).toFixed(0)} ms a plan`,
    };
  };
  const empty = await measure('on an engine that holds nothing', 'create');
  await fill(engine.socket, ({ mode, ...request }) =>
    post(`/containers/${mode}?dryRun=true&engine=local`, JSON.stringify(request)),
  );
  const known = async () => {
    const answer = await fetch(`${server.url}/api/v1/containers?lab=${lab}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return ((await answer.json()) as unknown[]).length;
  };
  while ((await known()) < count) await sleep(200);
  const full = await measure('on an engine that holds them all', 'start');
  return [empty, full, await measure('the same, its file in YAML', 'start', stringify(file))];
}

/** CPU time of a process so far, in milliseconds: what others do on the machine is not in it. */
async function readCpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  // utime and stime, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Makes them as an apply would, and starts none: a plan has as much to look at. */
async function fill(
  socketPath: string,
  dryRun: (request: ReturnType<typeof toCreateRequest>) => Promise<unknown>,
): Promise<void> {
  const docker = new Docker({ socketPath });
  const limit = pLimit(8);
  await Promise.all(
    Object.keys(file.containers).map((item) =>
      limit(async () => {
        const { request } = (await dryRun(toCreateRequest(file, item, { lab, instances: null }, null))) as {
          request: Docker.ContainerCreateOptions;
        };
        const Labels = { ...request.Labels, 'io.terrarium.item': item };
        await docker.createContainer({ ...request, name: `${lab}-${item}`, Labels });
      }),
    ),
  );
}
