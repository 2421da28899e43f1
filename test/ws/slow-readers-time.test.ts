// @lane quiet
// Compares how soon 50 readers receive a change with and without 200 clients that never read, and the server's memory. In `slow-readers.test.ts` the
// server closes the clients that do not read.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { testToken } from '../support/app.ts';
import { startServerProcess } from '../support/server-process.ts';
import { connectSilentClients, type SilentClients } from '../support/silent-clients.ts';
import { makeCrowd } from '../support/socket-crowd.ts';
import type { Frame } from '../support/stream-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const readers = 50;
const silent = 200;
const isSweep = process.env.TERRARIUM_SWEEP === '1';
/** Pairs of windows, without the silent ones and with them, one after the other, so that what else the machine does falls on both alike. */
const pairs = isSweep ? 8 : 1;
/** Milliseconds. A change falls anywhere between two samples; the changes of a window fall evenly, so that few say much. */
const timing = { window: 5_000, interval: 200, change: 47, lifetime: 400 } as const;
/**
 * A p95 may move so much, but on a machine that others use it moves by some milliseconds of itself: so many are not held against it. Beside other test
 * files, and in few pairs, it moves more; what a reader costs that is waited for is a multiple.
 */
const allowed = { share: isSweep ? 0.1 : 1, noiseMs: 15, memory: 50e6 } as const;

/** Connects to the container and leaves after a while: the row of this connection is the change that is looked for. */
class Changes {
  readonly #address: string;
  /** By the near port, when it was opened, on the monotonic clock. */
  readonly openedAt = new Map<number, number>();

  constructor(address: string) {
    this.#address = address;
  }

  make(): void {
    const at = performance.now();
    const socket = connect({ host: this.#address, port: 80 });
    socket.on('error', () => {});
    socket.once('connect', () => this.openedAt.set(socket.localPort ?? 0, at));
    setTimeout(() => socket.end(), timing.lifetime);
  }
}

/** A client that reads, and notes when it receives each change. */
class Reader {
  readonly #changes: Changes;
  readonly #seen = new Set<number>();
  took: number[] = [];
  snapshots = 0;

  constructor(url: string, headers: Record<string, string>, changes: Changes) {
    this.#changes = changes;
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers });
    after(() => socket.terminate());
    socket.on('error', () => {});
    socket.on('message', (data) => this.#take(JSON.parse(String(data)), performance.now()));
  }

  #take(frame: Frame, now: number): void {
    if (frame.type === 'snapshot') this.snapshots += 1;
    const rows: Frame[] =
      frame.type === 'snapshot' ? frame.data.sockets : [...(frame.added ?? []), ...(frame.changed ?? [])];
    for (const { local, remote } of rows) {
      const at = local.port === 80 ? this.#changes.openedAt.get(remote.port) : undefined;
      if (at === undefined || this.#seen.has(at)) continue;
      this.#seen.add(at);
      this.took.push(now - at);
    }
  }
}

async function readMemory(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

const quantile = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN;
const median = (values: readonly number[]) => quantile(values, 0.5);

test(`${silent} that never read cost ${readers} that do nothing`, async (t) => {
  const { id, address } = await makeCrowd({ after });
  const server = await startServerProcess(
    { after },
    { env: { TERRARIUM_OBSERVER: 'probe', TERRARIUM_LOG_LEVEL: 'warn' } },
  );
  const url = `${server.url}/api/v1/containers/${id}/netstat?options=tuan&intervalMs=${timing.interval}`;
  const headers = { ...server.headers };
  await waitFor(
    async (see) => see((await fetch(`${server.url}/api/v1/containers/${id}`, { headers })).status) === 200,
    {
      what: 'the server to know the container',
    },
  );

  const changes = new Changes(address);
  const crowdOfReaders = Array.from({ length: readers }, () => new Reader(url, headers, changes));
  await waitFor((see) => see(crowdOfReaders).every(({ snapshots }) => snapshots > 0), {
    what: 'every reader to have a snapshot',
  });

  /** Over one window: the readers' p95, and the most memory that the server had. */
  const measure = async (): Promise<{ p95: number; memory: number }> => {
    let memory = 0;
    for (const reader of crowdOfReaders) reader.took = [];
    const endsAt = performance.now() + timing.window;
    while (performance.now() < endsAt) {
      changes.make();
      memory = Math.max(memory, await readMemory(server.pid));
      await letTimePass(timing.change, 'the pace of the changes');
    }
    await letTimePass(2 * timing.interval, 'the last changes are told within two samples');
    const counts = crowdOfReaders.map(({ took }) => took.length);
    assert.ok(Math.min(...counts) > 0.4 * (timing.window / timing.change), `changes seen: ${counts.join()}`);
    const took = crowdOfReaders.flatMap((reader) => reader.took);
    return { p95: quantile(took, 0.95), memory };
  };

  await measure(); // warm
  const without: { p95: number; memory: number }[] = [];
  const beside: typeof without = [];
  let crowdOfSilent: SilentClients | undefined;
  for (let pair = 1; pair <= pairs; pair += 1) {
    await crowdOfSilent?.vanish();
    without.push(await measure());
    crowdOfSilent = await connectSilentClients({ after }, { url, token: testToken, count: silent });
    beside.push(await measure());
  }
  const [alone, together] = [median(without.map(({ p95 }) => p95)), median(beside.map(({ p95 }) => p95))];
  const growth = beside.map(({ memory }, index) => memory - (without[index]?.memory ?? 0));
  const round = (values: readonly number[]) => values.map((value) => Math.round(value)).join(', ');
  t.diagnostic(
    `p95 without them: ${round(without.map(({ p95 }) => p95))} ms; beside them: ${round(beside.map(({ p95 }) => p95))} ms`,
  );
  t.diagnostic(`the server grew by ${round(growth.map((bytes) => bytes / 1e6))} MB`);
  assert.ok(together < alone + Math.max(allowed.share * alone, allowed.noiseMs), `${alone} ms became ${together} ms`);
  // With one pair, the growth also depends on when garbage was collected.
  assert.ok(median(growth) < allowed.memory, round(growth));
});
