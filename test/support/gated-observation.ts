// Holds what a gated reader shows against what the kernel shows. A scene is a container in which players make random socket calls; an observation puts the
// same question to the reader (a watcher, a request, a watcher that comes just then) and to the kernel, and notes how soon they agree.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { RunningApp } from './app.ts';
import { type Claim, Journal, spellAll } from './claims.ts';
import { createTestContainer, createTestNetwork, execInContainer, inspectContainer } from './engine.ts';
import fc from './fast-check.ts';
import { differentialRun } from './generated-strings.ts';
import { readKernelSockets, readShownSocket, type SocketRow } from './kernel-sockets.ts';
import { type SocketPlayer, startSocketPlayer } from './socket-player.ts';
import { type SocketStep, SocketWorld } from './socket-program.ts';
import { connectStream, type Frame, type StreamClient } from './stream-client.ts';
import { type See, waitFor } from './wait-for.ts';

export const { seed } = differentialRun(0);

/** The interval of the watchers, in milliseconds. */
export const intervalMs = 100;

export const ipv6 = { 'net.ipv6.conf.all.disable_ipv6': '0' };
/** Rows that a timer ends do so during the test. */
export const shortTimers = { 'net.ipv4.tcp_fin_timeout': '2', 'net.ipv4.tcp_synack_retries': '1' };
export const everywhere = { v4: ['0.0.0.0', '127.0.0.1', '127.77.3.200'], v6: ['::', '::1', '::ffff:127.0.0.1'] };

export interface Scene {
  readonly server: RunningApp;
  /** The container that is asked about, and its process. */
  readonly id: string;
  readonly pid: number;
  readonly world: SocketWorld;
  readonly steps: fc.Arbitrary<SocketStep>;
  /** How is asked, by chance; see {@link Observation.settle}. */
  readonly ways?: readonly number[];
  /** Which of several with one seed it is. */
  readonly number?: number;
}

export class Observation {
  readonly #t: TestContext;
  readonly #scene: Scene;
  readonly #journal = new Journal();
  readonly #claims: Claim[] = [];
  /** Milliseconds until the watcher agreed, one for each moment. */
  readonly lags: number[] = [];
  calls = 0;
  /** Moments at which nothing but the witnesses could tell: no queue held anything, and no timer ran. */
  restful = 0;
  #watcher: StreamClient | undefined;

  constructor(t: TestContext, scene: Scene) {
    this.#t = t;
    this.#scene = scene;
  }

  async begin(): Promise<void> {
    const watcher = await this.#connect();
    watcher.socket.on('message', () => {
      const frame = watcher.frames.at(-1);
      if (frame?.type === 'snapshot' || frame?.type === 'delta') this.#hear('a watcher', watcher.data);
    });
    await watcher.until('a snapshot', ({ data }) => data);
    this.#watcher = watcher;
  }

  /** Plays the steps, and asks in one of the three ways. */
  play(batch: readonly SocketStep[], way: number): Promise<void> {
    return this.act(async () => {
      for (const step of batch) this.calls += await this.#scene.world.play(step);
    }, way);
  }

  clear(): Promise<void> {
    return this.act(() => this.#scene.world.clear());
  }

  async act(deed: () => Promise<unknown>, way = 0): Promise<void> {
    this.#journal.act();
    await deed();
    await this.settle(way);
  }

  /** Waits until the watcher agrees. Before that it asks in the way 1 for one look, and in the way 2 as another watcher who comes just then. */
  async settle(way: number): Promise<void> {
    const since = performance.now();
    const rows = await this.#readReal();
    if (rows.every(({ isTimed, isQueued }) => !isTimed && !isQueued)) this.restful += 1;
    if (way === 1) await this.#ask();
    if (way === 2) await this.#join();
    if (way > 0) await this.#readReal();
    await this.#awaitAgreement(since, way);
  }

  /** Answers how many claims could be judged, and fails with the first that cannot be true. */
  judge(): { judged: number; unknown: number; pastTheirEnd: readonly number[] } {
    let unknown = 0;
    for (const claim of this.#claims) {
      const verdict = this.#journal.judge(claim);
      if (verdict === 'unknown') unknown += 1;
      else assert.equal(verdict, null, this.context(verdict ?? ''));
    }
    return { judged: this.#claims.length - unknown, unknown, pastTheirEnd: this.#journal.pastTheirEnd };
  }

  async #awaitAgreement(since: number, way: number): Promise<void> {
    let looks = 0;
    const faults: unknown[] = [];
    const agree = async (see: See) => {
      looks += 1;
      // A watcher that connects meanwhile receives an older state, together with the time of that state.
      if (looks > 1 && way === 2) await this.#join().catch((error: unknown) => faults.push(error));
      const real = see(spellAll(await this.#readReal()));
      return see(spellAll(readShown(this.#watcher?.data ?? null))) === real;
    };
    // The deadline says nothing about speed; `probe-gating-time.test.ts` asserts a bound on the lags. A change that no witness told is found by the read of
    // each minute: then the last test of `probe-gating-sweep.test.ts` fails. Rows that a timer ends live for about three seconds (`shortTimers`) or about a
    // minute, so the longer wait hardly hides a row that was missed.
    await waitFor(agree, { what: 'the watcher to show what the kernel shows', intervalMs: 20 }).catch((error: Error) =>
      assert.fail(this.context(error.message)),
    );
    this.lags.push(performance.now() - since);
    assert.deepEqual(faults, [], this.context('a watcher could not come'));
  }

  async #readReal(): Promise<SocketRow[]> {
    const from = Date.now();
    const rows = await readKernelSockets(this.#scene.pid);
    this.#journal.read(rows, { from, to: Date.now() });
    return rows;
  }

  async #ask(): Promise<void> {
    const asked = Date.now();
    const answer = await fetch(netstatUrl(this.#scene.server, this.#scene.id), { headers: this.#scene.server.headers });
    assert.equal(answer.status, 200);
    const data = (await answer.json()) as Frame;
    assert.ok(Date.parse(data.asOf) >= asked - 2, `asked at ${asked}, and told as of ${data.asOf}`);
    this.#hear('a request', data);
  }

  /** Connects one more watcher: it receives at once what the stream knows, with the time of it. */
  async #join(): Promise<void> {
    const client = await this.#connect();
    await client.until('a snapshot', ({ data }) => data);
    const [first] = client.of('snapshot');
    this.#hear('a watcher that has just come', first?.data);
    await client.close();
  }

  #connect(): Promise<StreamClient> {
    return connectStream(this.#t, `${netstatUrl(this.#scene.server, this.#scene.id)}&intervalMs=${intervalMs}`, {
      headers: { ...this.#scene.server.headers },
    });
  }

  #hear(via: string, data: Frame | null): void {
    if (data === null) return;
    this.#claims.push({ via, asOf: Date.parse(data.asOf), heardAt: Date.now(), rows: readShown(data) });
  }

  /** The text, with the seed and the last calls: what a failure is reproduced from. */
  context(what: string): string {
    return `${what}\nseed ${seed}; the last calls:\n${this.#scene.world.log.slice(-60).join('\n')}`;
  }
}

function readShown(data: Frame | null): SocketRow[] {
  return (data?.sockets ?? []).map(readShownSocket);
}

/** Random moments of a scene: the steps before each, and the way in which is asked then. The same for the same seed. */
export function sampleMoments(scene: Scene, count: number): [SocketStep[], number][] {
  const plan = fc.tuple(
    fc.array(scene.steps, { minLength: 1, maxLength: 4 }),
    fc.constantFrom(...(scene.ways ?? [0, 0, 1, 2])),
  );
  return fc.sample(plan, { numRuns: count, seed: seed + (scene.number ?? 0) });
}

export interface PlayedScene extends Omit<Scene, 'steps'> {
  readonly inside: SocketPlayer;
}

export interface BridgedScene extends PlayedScene {
  readonly outside: SocketPlayer;
  /** The address of the container, and one that no container has. */
  readonly own: string;
  readonly nobody: string;
  /** From now on connections end without a trace. */
  abrupt(): Promise<void>;
}

/** The observed container makes the calls itself, with a second container across the bridge. */
export async function setBridgedScene(t: TestContext, server: RunningApp): Promise<BridgedScene> {
  const { name: network } = await createTestNetwork(t);
  const inside = await startSocketPlayer(t, {
    body: { HostConfig: { NetworkMode: network, Sysctls: { ...ipv6, ...shortTimers } } },
  });
  const outside = await startSocketPlayer(t, { body: { HostConfig: { NetworkMode: network } } });
  const { Networks } = (await inspectContainer(inside.id)).NetworkSettings;
  const own = String(Networks[network].IPAddress);
  const nobody = own.replace(/\d+$/, '222');
  const world = new SocketWorld({
    inside,
    outside,
    ...everywhere,
    v4: [...everywhere.v4, own],
    reach: [own],
    nobody,
  });
  await learn(server, inside.id);
  const abrupt = async () => {
    for (const player of [inside, outside]) await player.must('abrupt 1');
  };
  return { server, id: inside.id, pid: await pidOf(inside.id), world, inside, outside, own, nobody, abrupt };
}

/**
 * Gives the scene's kernel a neighbour at the address where nobody is, so that it answers into the void. Without a neighbour the kernel would ask for one,
 * which counters tell. Answers the id of a container in the same namespace that has NET_ADMIN.
 */
export async function addSilentNeighbour(t: TestContext, { id, nobody }: BridgedScene): Promise<string> {
  const { id: tools } = await createTestContainer(t, {
    body: { HostConfig: { NetworkMode: `container:${id}`, CapAdd: ['NET_ADMIN'], Init: false } },
  });
  const { code } = await execInContainer(tools, 'arp', '-s', nobody, '02:00:00:00:00:09');
  assert.equal(code, 0);
  return tools;
}

export const pidOf = async (id: string): Promise<number> => (await inspectContainer(id)).State.Pid;

/** The server knows the containers when this resolves. */
export async function learn({ app }: RunningApp, ...ids: string[]): Promise<void> {
  for (const mirror of app.services.catalogue.mirrors) for (const id of ids) await mirror.refresh(id);
}

export function netstatUrl({ url }: RunningApp, id: string): string {
  return `${url}/api/v1/containers/${id}/netstat?options=tuwan`;
}
