// Create and start over our API, against the same two calls by bare dockerode with the same body, and against `docker run -d`.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import type { Benchmark } from '../report.ts';
import { startServer, token } from '../server.ts';
import { estimateMedian, median } from '../statistics.ts';

const run = promisify(execFile);
const rounds = 60;
const warmUp = 4;
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
const create = { command: ['sleep', '3600'] };

export const createStart: Benchmark = {
  name: 'create-start',
  describe: 'create and start a closed container',
  async run(log) {
    const server = await startServer();
    const docker = new Docker();
    const post = async (path: string): Promise<{ id: string; request: Docker.ContainerCreateOptions }> => {
      const answer = await fetch(`${server.url}/api/v1/containers/${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(create),
      });
      const body = (await answer.json()) as { id: string; request: Docker.ContainerCreateOptions };
      if (!answer.ok) throw new Error(JSON.stringify(body));
      return body;
    };
    const { request } = await post('closed?dryRun=true');
    const contenders: Record<string, () => Promise<string>> = {
      ours: async () => (await post('closed')).id,
      dockerode: async () => {
        const container = await docker.createContainer(request);
        await container.start();
        return container.id;
      },
      cli: async () =>
        (await run('docker', ['run', '-d', '--network', 'none', 'busybox:latest', ...create.command])).stdout.trim(),
    };
    const times: Record<string, number[]> = { ours: [], dockerode: [], cli: [] };
    try {
      for (let round = 0; round < rounds + warmUp; round++) {
        // Every order in turn, so that none of them always follows the same other.
        const names = Object.keys(contenders);
        const order = names.map((_, i) => names[(i + round) % names.length] ?? '');
        if (round % 2 === 1) order.reverse();
        for (const name of order) {
          const began = performance.now();
          const id = await contenders[name]?.();
          const took = performance.now() - began;
          if (round >= warmUp) times[name]?.push(took);
          if (id !== undefined) await docker.getContainer(id).remove({ force: true, v: true });
        }
      }
    } finally {
      await server.stop();
    }
    const { ours = [], dockerode = [], cli = [] } = times;
    for (const [name, values] of Object.entries(times)) log(`${name}: median ${median(values).toFixed(1)} ms`);
    const toBare = estimateMedian(ours.map((value, i) => value / (dockerode[i] ?? Number.NaN)));
    const toCli = estimateMedian(ours.map((value, i) => value / (cli[i] ?? Number.NaN)));
    const absolute = `medians: ours ${median(ours).toFixed(0)} ms, dockerode ${median(dockerode).toFixed(0)} ms, docker run -d ${median(cli).toFixed(0)} ms`;
    return [
      {
        what: 'create + start, ours / bare dockerode',
        value: `${toBare.median.toFixed(3)}`,
        goal: '≤ 1.05',
        holds: toBare.median <= 1.05,
        detail: `median of ${rounds} alternating pairs, 95 % CI ${toBare.low.toFixed(3)}–${toBare.high.toFixed(3)}; ${absolute}`,
      },
      {
        what: 'create + start, ours / `docker run -d`',
        value: `${toCli.median.toFixed(3)}`,
        goal: '< 1',
        holds: toCli.median < 1,
        detail: `median of ${rounds} alternating pairs, 95 % CI ${toCli.low.toFixed(3)}–${toCli.high.toFixed(3)}`,
      },
    ];
  },
};
