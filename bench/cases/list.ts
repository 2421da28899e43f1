// Requests a second on the list of 50 containers: ours against the engine's own, by the same load generator.
import autocannon from 'autocannon';
import Docker from 'dockerode';
import type { Benchmark } from '../report.ts';
import { startServer, token } from '../server.ts';
import { median } from '../statistics.ts';

const containers = 50;
const rounds = 5;
const seconds = 3;
const connections = 8;
const lab = `bench-${process.pid}`;

export const list: Benchmark = {
  name: 'list',
  describe: `list of ${containers} containers`,
  async run(log) {
    const server = await startServer();
    const docker = new Docker();
    const labels = { 'io.terrarium.managed': 'true', 'io.terrarium.lab': lab, 'io.terrarium.mode': 'closed' };
    const made: Docker.Container[] = [];
    try {
      for (let i = 0; i < containers; i++) {
        const container = await docker.createContainer({
          Image: 'busybox:latest',
          Cmd: ['sleep', '3600'],
          Labels: labels,
          HostConfig: { NetworkMode: 'none' },
        });
        made.push(container);
        await container.start();
      }
      const ours = { url: `${server.url}/api/v1/containers?lab=${lab}`, headers: { authorization: `Bearer ${token}` } };
      const filter = encodeURIComponent(JSON.stringify({ label: [`io.terrarium.lab=${lab}`] }));
      const engine = {
        url: `http://localhost/containers/json?all=1&filters=${filter}`,
        socketPath: '/var/run/docker.sock',
      };
      await expectCount(ours);
      const rates: { ours: number[]; engine: number[] } = { ours: [], engine: [] };
      for (let round = 0; round < rounds; round++) {
        rates.engine.push(await measure(engine));
        rates.ours.push(await measure(ours));
      }
      log(`ours ${rates.ours.map(Math.round).join(', ')} /s; engine ${rates.engine.map(Math.round).join(', ')} /s`);
      const ratio = median(rates.ours) / median(rates.engine);
      return [
        {
          what: `\`GET /containers\` with ${containers} containers, ours / the engine's own list`,
          value: `${ratio.toFixed(1)} times`,
          goal: '≥ 5 times',
          holds: ratio >= 5,
          detail: `${rounds} alternating rounds of ${seconds} s, ${connections} connections; medians ${median(rates.ours).toFixed(0)} and ${median(rates.engine).toFixed(0)} requests/s`,
        },
      ];
    } finally {
      await Promise.all(made.map((container) => container.remove({ force: true, v: true })));
      await server.stop();
    }
  },
};

/** The rate counts only if the answer is the whole list. */
async function expectCount(target: { url: string; headers: Record<string, string> }): Promise<void> {
  const answer = await fetch(target.url, { headers: target.headers });
  const body = (await answer.json()) as unknown[];
  if (body.length !== containers) throw new Error(`Expected ${containers} containers, got ${body.length}`);
}

async function measure(target: {
  url: string;
  headers?: Record<string, string>;
  socketPath?: string;
}): Promise<number> {
  const result = await autocannon({ ...target, connections, duration: seconds });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${target.url}: ${result.non2xx} refused, ${result.errors} errors`);
  return result.requests.average;
}
