// A namespace of 50,000 sockets under the probe: the watchers of its neighbours go on being told, neither server nor probe takes memory without bounds,
// what is cut is said to be, and once it has shrunk it is a namespace like any other. How quickly is only printed. On an engine of the test's own.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { longestWaitMs, mostOwed } from '../../src/domain/observation/walk-allowance.ts';
import {
  callDocker,
  createTestContainer,
  docker,
  execInContainer,
  inspectContainer,
  listContainerIds,
} from '../support/engine.ts';
import { managedLabels } from '../support/managed.ts';
import { readMetric } from '../support/metric.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { startServerProcess } from '../support/server-process.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { type See, waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
/** A process may open 20,000 on this machine's terms: three of them share what there is. */
const socketsEach = 17_000;
const giantImage = 'terrarium-test-base:trixie';

/** How much memory the server may take for the giant, in bytes. */
const mostServerGrowth = 150e6;
/** Milliseconds that a slow machine may need, beyond the longest wait by design, to read the giant and to send the change to a watcher. */
const generousMs = 30_000;

if (skip === false) {
  const engine = await startPrivateEngine({ after }, { image: 'busybox:latest' });
  await engine.loadImage(giantImage);
  process.env.DOCKER_HOST = engine.host;
}

const ports = (client: StreamClient): number[] => client.data?.sockets.map(({ local }: Frame) => local.port) ?? [];
/** The value that this share of the values is not above. */
const quantile = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0;
const listProbes = () => listContainerIds('io.terrarium.role=probe');

async function readMemory(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

async function makeGiant(): Promise<{ id: string; shrink(): Promise<void> }> {
  const script = await readFile(path.join(import.meta.dirname, '../support/socket-giant.pl'), 'utf8');
  const { id } = await createTestContainer(
    { after },
    {
      body: {
        Image: giantImage,
        Cmd: ['perl', '-e', script, String(socketsEach)],
        Labels: managedLabels,
        HostConfig: { NetworkMode: 'none', Ulimits: [{ Name: 'nofile', Soft: 20_000, Hard: 20_000 }] },
      },
    },
  );
  await waitFor(async (see) => see((await docker('logs', id)).stdout).includes('open'), {
    what: `the giant to open its sockets: ${(await docker('logs', id)).stderr}`,
    timeoutMs: 60_000,
  });
  return {
    id,
    async shrink() {
      const { code, stderr } = await execInContainer(id, 'sh', '-c', 'kill -USR1 -1');
      assert.equal(code, 0, stderr);
      const hasClosedAll = async (see: See) => {
        const { stdout } = see(await execInContainer(id, 'cat', '/proc/net/sockstat'));
        return /^TCP: inuse 5 /m.test(stdout) && /^UDP: inuse 10 /m.test(stdout);
      };
      await waitFor(hasClosedAll, { what: 'the giant to close its sockets', timeoutMs: 60_000 });
    },
  };
}

let lastPort = 100;

/** How long after a change in the neighbour its watcher knows, so many times. */
async function timeChanges(neighbour: string, client: StreamClient, times: number): Promise<number[]> {
  const took: number[] = [];
  for (let count = 0; count < times; count += 1) {
    lastPort += 1;
    const port = lastPort;
    const line = `kill $(pidof httpd); httpd -p ${port}`;
    const { code, stderr } = await execInContainer(neighbour, 'sh', '-c', line);
    assert.equal(code, 0, stderr);
    const doneAt = performance.now();
    await client.until(`port ${port} alone`, () => ports(client).join() === String(port));
    took.push(performance.now() - doneAt);
  }
  return took;
}

/** The highest that a container ever had, and how often it met its limit. */
async function readContainerMemory(id: string): Promise<{ peak: number; limit: number }> {
  const { memory_stats: memory } = await callDocker('GET', `/containers/${id}/stats?stream=false&one-shot=true`);
  return { peak: memory.max_usage ?? memory.usage, limit: memory.limit };
}

test('a giant stalls nobody, exhausts nothing, is said to be cut, and becomes ordinary when it shrinks', {
  skip,
}, async (t) => {
  const neighbour = await createTestContainer(
    { after },
    {
      body: {
        Cmd: ['sh', '-c', 'httpd -p 99; exec sleep 3600'],
        HostConfig: { NetworkMode: 'none' },
        Labels: managedLabels,
      },
    },
  );
  const server = await startServerProcess(
    { after },
    { env: { TERRARIUM_OBSERVER: 'probe', TERRARIUM_LOG_LEVEL: 'warn' } },
  );
  const watch = (id: string, query: string) =>
    connectStream({ after }, `${server.url}/api/v1/containers/${id}/netstat?${query}`, {
      headers: { ...server.headers },
    });

  const near = await watch(neighbour.id, 'options=tl&intervalMs=100');
  await near.until('the listener', () => ports(near).includes(99));
  const alone = await timeChanges(neighbour.id, near, 15);
  const memoryBefore = await readMemory(server.pid);

  const giant = await makeGiant();
  const far = await watch(giant.id, 'options=tua&intervalMs=100');
  await far.until('its sockets', ({ data }) => data, 60_000);
  assert.equal(far.data?.truncated, true);
  assert.ok((far.data?.sockets.length ?? 0) >= 5_000, `${far.data?.sockets.length} sockets are shown`);
  const probes = await waitFor(async (see) => see(await listProbes()).length === 2 && listProbes(), {
    what: 'a probe for it alone',
  });

  const beside = await timeChanges(neighbour.id, near, 30);
  const framesOfGiant = far.frames.length;
  const memoryAfter = await readMemory(server.pid);
  t.diagnostic(`a change is known after ${format(alone)} alone, ${format(beside)} beside the giant`);
  t.diagnostic(
    `the server grew by ${Math.round((memoryAfter - memoryBefore) / 1e6)} MB; ${framesOfGiant} frames of the giant`,
  );
  assert.ok(memoryAfter - memoryBefore < mostServerGrowth);

  for (const id of probes) {
    const { peak, limit } = await readContainerMemory(id);
    t.diagnostic(`a probe had ${Math.round(peak / 1e6)} MB of ${Math.round(limit / 1e6)} MB`);
    assert.ok(limit <= 256 * 1024 * 1024 && peak < 0.9 * limit);
    const { State } = await inspectContainer(id);
    assert.deepEqual([State.Running, State.OOMKilled], [true, false]);
  }
  assert.deepEqual(await listProbes(), probes, 'none had to be started anew');

  // Each request reads the giant at once. Their reads run up the highest debt, so that the watcher has to wait as long as it ever has to.
  const readWalkNs = async () => 1e9 * (await readMetric(server, 'probe_walk_seconds_total'));
  const walkNsBefore = await readWalkNs();
  let requestMs = 0;
  const isDeepInDebt = async (see: See) => {
    const askedAt = performance.now();
    const answer = await fetch(`${server.url}/api/v1/containers/${giant.id}/netstat`, server);
    assert.equal(((await answer.json()) as Frame).truncated, true);
    requestMs = Math.max(requestMs, performance.now() - askedAt);
    return see((await readWalkNs()) - walkNsBefore) > 2 * mostOwed.giants;
  };
  await waitFor(isDeepInDebt, { what: 'reads that cost more than may be owed', timeoutMs: 60_000 });

  await giant.shrink();
  // The longest wait begins with a read, and the last one may have begun just now. The next read finds the change.
  const shrunkAt = performance.now();
  await far.until('the giant to have shrunk', () => far.data?.truncated === false, longestWaitMs + generousMs);
  t.diagnostic(
    `a request took at most ${Math.round(requestMs)} ms; the watcher knew ${Math.round(performance.now() - shrunkAt)} ms after the giant had shrunk`,
  );
  assert.equal(far.data?.sockets.length, 15);
  await waitFor(async (see) => see(await listProbes()).length === 1, {
    what: 'its own probe to go',
  });
  const afterwards = await timeChanges(neighbour.id, near, 5);
  t.diagnostic(`afterwards ${format(afterwards)}`);
  assert.deepEqual([...new Set(near.states), ...new Set(far.states)], ['live', 'live']);
});

function format(times: readonly number[]): string {
  const [half, most, worst] = [0.5, 0.9, 1].map((share) => Math.round(quantile(times, share)));
  return `p50 ${half} ms, p90 ${most} ms, at most ${worst} ms`;
}
