// Clients that make and remove containers all the time and keep account: what they asked for, under which key, and what they were told. After a fault the
// account has to agree with the engine: nothing that was acknowledged is lost, and nothing is there that nobody can find.
import assert from 'node:assert/strict';
import pLimit from 'p-limit';
import type { EngineTruth } from './engine-truth.ts';
import type { EventHost } from './event-followers.ts';
import { letTimePass, waitFor } from './wait-for.ts';

/** What a client was told of one container that it wanted. */
interface Entry {
  readonly key: string;
  readonly mode: 'closed' | 'bridged' | 'open';
  readonly body: object;
  /** Of the latest answer to its creation; 0 where the connection broke. */
  status: number;
  /** Its first creation was. */
  wasRefused: boolean;
  code: string | undefined;
  id: string | undefined;
  /** `asked`: it was, and no answer says that it is done. */
  removal: 'no' | 'asked' | 'done';
}

interface Told {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a client reads JSON
  readonly body: any;
  readonly replayed: boolean;
}

/** The label by which a container says whose it is. */
const keyLabel = 'test.key';

/** What may be answered while an engine or a server goes away: nothing at all, or that it does. */
const excuses: ReadonlySet<number> = new Set([0, 503, 504]);

/** Milliseconds between two things that one client does. */
const paceMs = 150;
/** Milliseconds until one who was refused wants something new. */
const refusedMs = 800;
/** So many are kept for a while, and no more than so many. */
const [fewStanding, manyStanding] = [3, 12];
/** Retries and removals at a time, when accounts are settled. */
const settlers = 4;
const callTimeoutMs = 60_000;

export interface LedgerNumbers {
  readonly created: number;
  readonly refused: number;
  readonly removed: number;
  readonly removalsUnsure: number;
}

export class CreateLedger {
  readonly #host: EventHost;
  readonly #truth: EngineTruth;
  readonly #prefix: string;
  readonly #random: () => number;
  readonly #entries: Entry[] = [];
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();

  /** @param prefix begins the keys, and is unique */
  constructor(host: EventHost, truth: EngineTruth, { prefix, random }: { prefix: string; random: () => number }) {
    this.#host = host;
    this.#truth = truth;
    this.#prefix = prefix;
    this.#random = random;
  }

  start(clients: number): void {
    this.#running = Promise.all(Array.from({ length: clients }, () => this.#live()));
    this.#running.catch(() => {}); // `stop` tells
  }

  /** No new work. */
  abandon(): void {
    this.#isOver = true;
  }

  /** No new work; resolves when what is under way was answered, or will not be. */
  async stop(): Promise<void> {
    this.abandon();
    await this.#running;
  }

  get numbers(): LedgerNumbers {
    const count = (isIt: (entry: Entry) => boolean) => this.#entries.filter(isIt).length;
    return {
      created: count(({ status }) => status === 201),
      refused: count(({ wasRefused }) => wasRefused),
      removed: count(({ removal }) => removal === 'done'),
      removalsUnsure: count(({ removal }) => removal === 'asked'),
    };
  }

  /**
   * Compares the account with the engine, which answers again: then asks again for what was refused, with the same keys, and compares once more.
   */
  async judge(): Promise<void> {
    const before = await this.#onEngine();
    for (const { key, status, code, id, removal } of this.#entries) {
      const there = before.get(key) ?? [];
      const context = `${key}: told ${status} ${code ?? ''}, removal ${removal}, on the engine ${there.join(' ') || 'nothing'}`;
      assert.ok(there.length <= 1, `more than one of ${context}`);
      assert.ok(status === 201 || excuses.has(status), `an answer that excuses nothing: ${context}`);
      if (status !== 201) continue;
      if (removal === 'no') assert.deepEqual(there, [id], `lost: ${context}`);
      if (removal === 'done') assert.deepEqual(there, [], `back again: ${context}`);
      if (removal === 'asked') assert.ok(there.length === 0 || there[0] === id, context);
    }
    await this.#forEach((entry) => this.#settle(entry));
    const afterwards = await this.#onEngine();
    for (const { key, id, removal } of this.#entries)
      assert.deepEqual(afterwards.get(key) ?? [], removal === 'no' ? [id] : [], `after its retry, ${key}`);
    for (const key of afterwards.keys())
      assert.ok(
        !key.startsWith(this.#prefix) || this.#entries.some((entry) => entry.key === key),
        `${key} is in no account`,
      );
  }

  /** Removes everything by the API, and sees that it is gone. */
  async clear(): Promise<void> {
    await this.#forEach(async (entry) => {
      if (entry.removal !== 'done') await this.#removeInTheEnd(entry);
    });
    const left = await this.#onEngine();
    assert.deepEqual(
      [...left.keys()].filter((key) => key.startsWith(this.#prefix)),
      [],
    );
  }

  async #live(): Promise<void> {
    while (!this.#isOver) {
      const entry = this.#newEntry();
      entry.wasRefused = (await this.#create(entry)).status !== 201;
      // Each refusal is asked for again in the end.
      const pauseMs = entry.status === 0 ? 3 * refusedMs : refusedMs;
      if (entry.wasRefused) await letTimePass(pauseMs, 'a client that was refused waits before it asks for more');
      const standing = this.#entries.filter(({ id, removal }) => id !== undefined && removal === 'no');
      const victim = standing[Math.floor(this.#random() * standing.length)];
      const isEnough = standing.length > fewStanding && (standing.length > manyStanding || this.#random() < 0.6);
      if (victim !== undefined && isEnough) await this.#remove(victim);
      await letTimePass(paceMs, 'the pace of the workload');
    }
  }

  #newEntry(): Entry {
    const key = `${this.#prefix}-${this.#entries.length}`;
    const mode = (['closed', 'bridged', 'open'] as const)[Math.floor(this.#random() * 3)] ?? 'closed';
    const body = {
      command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait; done'],
      labels: { [keyLabel]: key },
      limits: { memory: '16m', pids: 8 },
      ...(mode === 'open' && { ports: ['80'] }),
    };
    const entry: Entry = {
      key,
      mode,
      body,
      status: 0,
      wasRefused: false,
      code: undefined,
      id: undefined,
      removal: 'no',
    };
    this.#entries.push(entry);
    return entry;
  }

  async #create(entry: Entry): Promise<Told> {
    const { key, mode, body } = entry;
    const told = await this.#call('POST', `/containers/${mode}`, { body, headers: { 'idempotency-key': key } });
    entry.status = told.status;
    entry.code = told.body?.code;
    if (told.status === 201) entry.id = told.body.id;
    return told;
  }

  async #remove(entry: Entry): Promise<void> {
    entry.removal = 'asked';
    const { status, body } = await this.#call('DELETE', `/containers/${entry.id}`);
    // An engine that is away may have it all the same: the answer says so.
    const isGone = status === 204 || (status === 404 && body?.stale !== true);
    if (isGone) entry.removal = 'done';
    else assert.ok(excuses.has(status) || status === 404, `the removal of ${entry.key} was answered ${status}`);
  }

  /** What a client does that wants to know: it asks again. */
  async #settle(entry: Entry): Promise<void> {
    if (entry.removal === 'asked') return this.#removeInTheEnd(entry);
    if (entry.removal === 'done') return;
    const { id: before, key } = entry;
    const told = await waitFor(
      async (see) => {
        const answer = see(await this.#create(entry));
        return !excuses.has(answer.status) && answer;
      },
      { what: `the retry of ${key} to be answered`, timeoutMs: 60_000, intervalMs: 200 },
    );
    assert.equal(told.status, 201, `the retry of ${key}: ${JSON.stringify(told.body)}`);
    if (before === undefined) return;
    assert.equal(told.body.id, before, `the retry of ${key} made another container`);
    assert.ok(told.replayed, `the retry of ${key} is not known for one`);
  }

  async #removeInTheEnd(entry: Entry): Promise<void> {
    await waitFor(
      async (see) => {
        if (entry.id !== undefined) await this.#remove(entry);
        else entry.removal = 'done';
        return see(entry.removal) === 'done';
      },
      { what: `the removal of ${entry.key}`, timeoutMs: 60_000, intervalMs: 200 },
    );
  }

  async #forEach(step: (entry: Entry) => Promise<void>): Promise<void> {
    const limit = pLimit(settlers);
    await Promise.all(this.#entries.map((entry) => limit(() => step(entry))));
  }

  /** Ids on the engine, by key. */
  async #onEngine(): Promise<Map<string, string[]>> {
    const byKey = new Map<string, string[]>();
    for (const { id, labels } of await this.#truth.containers(keyLabel)) {
      const key = labels[keyLabel] ?? '';
      byKey.set(key, [...(byKey.get(key) ?? []), id]);
    }
    return byKey;
  }

  async #call(
    method: string,
    path: string,
    { body, headers = {} }: { body?: object; headers?: Record<string, string> } = {},
  ): Promise<Told> {
    const { url, headers: credentials } = this.#host;
    try {
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { ...credentials, ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(callTimeoutMs),
      });
      const text = await answer.text();
      const parsed = text === '' ? undefined : JSON.parse(text);
      return { status: answer.status, body: parsed, replayed: answer.headers.get('idempotency-replayed') === 'true' };
    } catch {
      return { status: 0, body: undefined, replayed: false };
    }
  }
}
