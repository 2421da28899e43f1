// Holds what we print and show of a namespace against the real program and the kernel there, by both observers, while random programs of socket
// calls run: at each quiet point all of it has to be the same, byte for byte. Which places there are is the tests' business.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type RunningApp, startApp } from './app.ts';
import { type Cleanup, createTestContainer, execInContainer } from './engine.ts';
import fc from './fast-check.ts';
import { differentialRun } from './generated-strings.ts';
import {
  isSame,
  letterChoices,
  openRealReader,
  type RealNetstat,
  type RealReader,
  readSockets,
  withoutScopes,
} from './real-netstat.ts';
import { type SocketStep, SocketWorld, socketPrograms, type WorldOptions } from './socket-program.ts';

const isSweep = process.env.TERRARIUM_SWEEP === '1';
const programs = isSweep ? 30 : 2;
/** Points within one program at which all is compared. */
const pointsEach = 3;

const longAddress = '2001:db8:1234:5678:9abc:def0:1234:5678';
/** Addresses to serve at, in any namespace that {@link openReader} has read. */
export const everywhere = {
  v4: ['0.0.0.0', '127.0.0.1', '127.77.3.200'],
  v6: ['::', '::1', longAddress, '::ffff:127.0.0.1'],
};

export type Observers = Readonly<Record<'probe' | 'helper', RunningApp>>;

/** An app for each way of observing. */
export async function startObservers(cleanup: Cleanup): Promise<Observers> {
  const [probe, helper] = await Promise.all(
    ['probe', 'helper'].map((observer) => startApp(cleanup, { env: { TERRARIUM_OBSERVER: observer } })),
  );
  assert.ok(probe !== undefined && helper !== undefined);
  return { probe, helper };
}

export interface Place {
  readonly observers: Observers;
  /** Containers to ask about: all are in the one namespace. */
  readonly asked: readonly string[];
  readonly reader: RealReader;
  readonly world: WorldOptions;
  /** Done when the calls are made, and undone when all is compared. */
  readonly still?: { begin(): Promise<void>; end(): Promise<void> };
}

/** A busybox in the target's namespace, which reads it, and gives it an address of full length. */
export async function openReader(cleanup: Cleanup, target: string): Promise<RealReader> {
  const { id } = await createTestContainer(cleanup, {
    body: { HostConfig: { NetworkMode: `container:${target}`, CapAdd: ['NET_ADMIN'], Init: false } },
  });
  const added = await execInContainer(id, 'ip', 'addr', 'add', `${longAddress}/128`, 'dev', 'lo');
  assert.equal(added.code, 0, added.stderr);
  return openRealReader(cleanup, id);
}

/** The app learns of containers by the engine's events: it has to know of these now. */
export async function learn(observers: Observers, ...ids: string[]): Promise<void> {
  for (const { app } of Object.values(observers))
    for (const mirror of app.services.catalogue.mirrors) for (const id of ids) await mirror.refresh(id);
}

async function get({ url, headers }: RunningApp, id: string, letters: string, accept: string): Promise<Response> {
  const answer = await fetch(`${url}/api/v1/containers/${id}/netstat?options=${letters}`, {
    headers: { ...headers, accept },
  });
  assert.equal(answer.status, 200);
  return answer;
}

interface Shown {
  readonly texts: ReadonlyMap<string, string>;
  readonly sockets: { readonly state: string | null }[];
}

async function askAll(app: RunningApp, id: string): Promise<Shown> {
  const [{ sockets }, ...texts] = await Promise.all([
    get(app, id, 'tuwa', 'application/json').then((answer) => answer.json() as Promise<Omit<Shown, 'texts'>>),
    ...letterChoices.map(
      async (letters) => [letters, withoutScopes(await (await get(app, id, letters, 'text/plain')).text())] as const,
    ),
  ]);
  return { texts: new Map(texts), sockets };
}

/** What differs between ours and the real one, in words; null where nothing does. */
function findDifference(real: RealNetstat, shown: Shown): string | null {
  for (const letters of letterChoices) {
    const [theirs, ours] = [real.texts.get(letters), shown.texts.get(letters)];
    if (theirs !== ours) return `-${letters}\nreal:\n${theirs}\nours:\n${ours}`;
  }
  const list = (sockets: readonly object[]) => sockets.map((socket) => JSON.stringify(socket)).join('\n');
  const sockets = readSockets(real);
  const theirs = sockets === null ? 'rows that came or went while it was read' : list(sockets);
  return theirs === list(shown.sockets) ? null : `JSON\nreal:\n${theirs}\nours:\n${list(shown.sockets)}`;
}

/**
 * Asks between two real readings that are the same. What happens between two of them (a timer of the kernel's) is no difference: then it is asked
 * again. Answers the states of all rows that were compared.
 */
export async function compare({ observers, asked, reader }: Place, context: () => string): Promise<(string | null)[]> {
  let before = await reader.read();
  const states: (string | null)[] = [];
  for (const [observer, app] of Object.entries(observers)) {
    for (const id of asked) {
      const deadline = Date.now() + 60_000;
      for (let differences = 0; ; ) {
        const shown = await askAll(app, id);
        const after = await reader.read();
        const difference = findDifference(after, shown);
        if (difference === null) {
          states.push(...shown.sockets.map(({ state }) => state));
          before = after;
          break;
        }
        if (isSame(before, after)) differences += 1;
        before = after;
        assert.ok(differences < 2, `${observer}, asked about ${id}: ${difference}\n${context()}`);
        assert.ok(Date.now() < deadline, `${observer}: it does not come to rest\n${difference}\n${context()}`);
      }
    }
  }
  return states;
}

/** Plays random programs, and compares at several points of each. */
export async function prove(t: TestContext, place: Place): Promise<void> {
  const world = new SocketWorld(place.world);
  const { seed } = differentialRun(0);
  const plans = fc.sample(socketPrograms(60), { numRuns: programs, seed });
  let [calls, points] = [0, 0];
  const states: (string | null)[] = [];
  for (const [number, plan] of plans.entries()) {
    const context = () => `seed ${seed}, program ${number}:\n${world.log.join('\n')}`;
    for (const part of cutInto(plan, pointsEach)) {
      for (const step of part) calls += await world.play(step);
      await place.still?.begin();
      states.push(...(await compare(place, context)));
      await place.still?.end();
      points += 1;
    }
    await world.clear();
  }
  const seen = [...new Set(states)].filter((state) => state !== null);
  t.diagnostic(`${calls} calls, ${points} quiet points, ${states.length} rows (${seen.join(' ')}), seed ${seed}`);
  assert.ok(states.length > points && seen.length >= (isSweep ? 6 : 2), 'a program that does little proves little');
}

function cutInto(plan: readonly SocketStep[], parts: number): SocketStep[][] {
  const size = Math.ceil(plan.length / parts);
  return Array.from({ length: parts }, (_, i) => plan.slice(i * size, (i + 1) * size));
}
