// Clients that follow the events over each of the three carriers, as a program does that comes back with what it has when it is cut. What they
// heard is kept by run of the server, so that it can be told whether one of them missed what another was told.
import assert from 'node:assert/strict';
import { type ClientRequest, request } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { WebSocket } from 'ws';
import { type Cleanup, defer } from './defer.ts';
import { EventReader } from './event-reader.ts';
import type { Frame } from './stream-client.ts';
import { waitFor } from './wait-for.ts';

export type Carrier = 'websocket' | 'sse' | 'ndjson';

/** Where the server is; its URL stays while it is started again. */
export interface EventHost {
  readonly url: string;
  readonly headers: { readonly authorization: string };
}

/** Events that followed one snapshot without a gap. */
interface Stretch {
  readonly bootId: string;
  readonly from: number;
  to: number;
  readonly events: Map<number, string>;
}

const reconnectMs = 100;

export class EventFollower {
  readonly carrier: Carrier;
  readonly reader = new EventReader();
  readonly stretches: Stretch[] = [];
  /** Moments (performance.now()) of what it was told of its engine. */
  readonly told: { readonly state: 'stale' | 'live'; readonly at: number }[] = [];
  /** How often it was cut. */
  cuts = 0;
  failure: unknown;
  readonly #host: EventHost;
  #end: () => void = () => {};
  #isOver = false;

  constructor(cleanup: Cleanup, host: EventHost, carrier: Carrier) {
    this.#host = host;
    this.carrier = carrier;
    defer(cleanup, () => this.close());
    this.#connect();
  }

  close(): void {
    this.#isOver = true;
    this.#end();
  }

  /** Waits until it has the state of things, from this run of the server where it is given. */
  async settled(bootId?: string): Promise<void> {
    await waitFor(
      (see) => see(this.reader.snapshots) > 0 && (see(bootId) === undefined || see(this.reader.bootId) === bootId),
      {
        what: `a snapshot of the events by ${this.carrier}`,
      },
    );
  }

  /** Fails where what it was told makes no sense to a client. */
  check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  #connect(): void {
    if (this.#isOver) return;
    const { bootId, seq } = this.reader;
    // What it holds, once it holds something.
    const resume = this.reader.snapshots > 0 ? `?bootId=${bootId}&seq=${seq}` : '';
    const cut = () => {
      if (this.#isOver) return;
      this.cuts += 1;
      setTimeout(() => this.#connect(), reconnectMs);
    };
    if (this.carrier === 'websocket') this.#connectSocket(resume, cut);
    else this.#connectLines(this.carrier, resume, cut);
  }

  #connectSocket(resume: string, cut: () => void): void {
    const { url, headers } = this.#host;
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/events${resume}`, { headers: { ...headers } });
    socket.on('message', (data) => this.#take(JSON.parse(String(data))));
    socket.on('error', () => {});
    socket.once('close', cut);
    this.#end = () => socket.terminate();
  }

  #connectLines(carrier: 'sse' | 'ndjson', resume: string, cut: () => void): void {
    const accept = carrier === 'sse' ? 'text/event-stream' : 'application/x-ndjson';
    const call: ClientRequest = request(`${this.#host.url}/api/v1/events${resume}`, {
      headers: { ...this.#host.headers, accept },
      agent: false,
    });
    let isCut = false;
    const once = () => {
      if (isCut) return;
      isCut = true;
      cut();
    };
    call.on('error', once);
    call.on('close', once);
    call.on('response', (answer) => {
      let rest = '';
      answer.setEncoding('utf8');
      answer.on('error', () => {});
      answer.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const json = carrier === 'sse' ? /^data: (.*)$/.exec(line)?.[1] : line;
          if (json !== undefined && json !== '') this.#take(JSON.parse(json));
        }
      });
    });
    call.end();
    this.#end = () => call.destroy();
  }

  #take(frame: Frame): void {
    try {
      this.reader.take(frame);
      this.#note(frame);
    } catch (error) {
      this.failure ??= error;
    }
  }

  #note(frame: Frame): void {
    const at = performance.now();
    const { bootId } = this.reader;
    if (frame.type === 'snapshot') {
      this.stretches.push({ bootId, from: frame.seq, to: frame.seq, events: new Map() });
      for (const { state } of frame.data.engines)
        if (state === 'stale' || state === 'live') this.told.push({ state, at });
    }
    if (frame.type !== 'event') return;
    const stretch = this.stretches.at(-1);
    assert.ok(stretch !== undefined && stretch.bootId === bootId, 'an event of a run that it has no snapshot of');
    stretch.events.set(frame.seq, JSON.stringify(frame));
    stretch.to = frame.seq;
    if (frame.event === 'engine.stale') this.told.push({ state: 'stale', at });
    if (frame.event === 'engine.live') this.told.push({ state: 'live', at });
  }
}

/** One on each carrier. */
export function followEvents(cleanup: Cleanup, host: EventHost): EventFollower[] {
  return (['websocket', 'sse', 'ndjson'] as const).map((carrier) => new EventFollower(cleanup, host, carrier));
}

/** Between its snapshot and its last event each was told all that anybody was told, in the same words. Answers how many events there were. */
export function requireNothingMissed(followers: readonly EventFollower[]): number {
  for (const follower of followers) follower.check();
  const all = new Map<string, Map<number, string>>();
  for (const { bootId, events } of followers.flatMap(({ stretches }) => stretches)) {
    const known = all.get(bootId) ?? new Map<number, string>();
    all.set(bootId, known);
    for (const [seq, words] of events) {
      assert.equal(words, known.get(seq) ?? words, `event ${seq} was told in two ways`);
      known.set(seq, words);
    }
  }
  for (const { carrier, stretches } of followers)
    for (const { bootId, from, to, events } of stretches)
      for (const [seq, words] of all.get(bootId) ?? [])
        if (seq > from && seq <= to) assert.ok(events.has(seq), `by ${carrier} event ${seq} was left out: ${words}`);
  return [...all.values()].reduce((sum, { size }) => sum + size, 0);
}

/** What each holds is what a newcomer is told, and what the engine has: ids and states by `truth`. */
export async function requireRightState(
  cleanup: Cleanup,
  host: EventHost,
  followers: readonly EventFollower[],
  truth: () => Promise<ReadonlyMap<string, string>>,
): Promise<void> {
  const newcomer = new EventFollower(cleanup, host, 'websocket');
  await newcomer.settled();
  const states = ({ reader }: EventFollower) =>
    new Map([...reader.containers].map(([id, { state }]) => [id, state as string]));
  let shown = '';
  try {
    await waitFor(
      async (see) => {
        const real = await truth();
        for (const follower of [newcomer, ...followers]) {
          if (isDeepStrictEqual(sorted(states(follower)), sorted(real))) continue;
          shown = `by ${follower.carrier}: ${JSON.stringify(sorted(states(follower)))}, on the engine: ${JSON.stringify(sorted(real))}`;
          return false;
        }
        return see(followers).every(({ reader }) =>
          isDeepStrictEqual(sorted(reader.containers), sorted(newcomer.reader.containers)),
        );
      },
      { what: 'every follower of events to hold what is true', intervalMs: 200 },
    );
  } catch (cause) {
    throw new Error(`A follower of events holds what is not so, ${shown}`, { cause });
  } finally {
    newcomer.close();
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
