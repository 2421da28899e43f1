// One running guard: made, attached, started, told what to watch over and what to kill, and removed. It decides nothing.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttachedStreams, Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';
import { removeHelper } from '../observation/helper.ts';
import { buildGuardBody } from './guard-body.ts';

export interface GuardOptions {
  readonly engine: Engine;
  /** Image by id. */
  readonly image: string;
  /** Full id of the container to look into. */
  readonly container: string;
  readonly serverId: string;
}

/** How long a guard may take to say what is expected of it, in milliseconds. */
const answerMs = 15_000;
/** How long its last kills may take, in milliseconds. */
const lastKillMs = 2_000;
/** Between two lines that say that the server lives: it answers them, so that others hear that it has one (orphan-sweep.ts). */
const keepAliveMs = 2_000;
/** A guard says a few short lines. */
const maxLineLength = 200;

/** Starts a guard and waits until it listens. Whatever fails on the way leaves no container behind. */
export async function startGuard({ engine, image, container, serverId }: GuardOptions): Promise<Guard> {
  // A name of our own: should the answer to the creation be lost, the container can be found all the same.
  const name = `terrarium-guard-${randomBytes(6).toString('hex')}`;
  let guard: Guard | undefined;
  try {
    await engine.createContainer(name, buildGuardBody({ image, container, serverId }));
    guard = new Guard(engine, name, await engine.attach(name, { tty: false }));
    await Promise.all([engine.startContainer(name), guard.ready()]);
    return guard;
  } catch (error) {
    // The first failure is the one to tell. Where the engine is away, the guard ends with its stdin, or the sweep finds it.
    await (guard?.dispose() ?? removeHelper(engine, name)).catch(() => {});
    throw error;
  }
}

export class Guard {
  readonly #engine: Engine;
  readonly #name: string;
  readonly #streams: AttachedStreams;
  readonly #keepAlive: NodeJS.Timeout;
  readonly #expected = new Map<string, { resolve(): void; reject(failure: Failure): void }>();
  #line = '';
  #listens = false;
  #ended = false;

  constructor(engine: Engine, name: string, streams: AttachedStreams) {
    this.#engine = engine;
    this.#name = name;
    this.#streams = streams;
    streams.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk));
    streams.stderr.resume();
    streams.stdin.on('error', () => {}); // `closed` tells
    void streams.closed.then(() => this.#end());
    this.#keepAlive = setInterval(() => this.#say('alive'), keepAliveMs).unref();
  }

  /** True once it can do nothing more: it was disposed of, the container stopped, or somebody in it killed the guard. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Resolves when its connection has ended, and it with it. */
  get ended(): Promise<unknown> {
    return this.#streams.closed;
  }

  /** Waits until it listens. */
  async ready(): Promise<void> {
    await this.#hear('ready');
    this.#listens = true;
  }

  /** Puts a command under guard: should this server die, its processes are killed. */
  add(mark: string): void {
    this.#say(`add ${mark}`);
  }

  /** The command has ended: what it left running on purpose may stay. */
  drop(mark: string): void {
    this.#say(`drop ${mark}`);
  }

  /** Kills every process of the command; one call at a time for a mark. Fails with `engine_unavailable` when the guard has ended, with `engine_timeout` when it is silent. */
  kill(mark: string): Promise<void> {
    const killed = this.#hear(`killed ${mark}`);
    this.#say(`kill ${mark}`);
    return killed;
  }

  /** Remembers the commands that run in the container now, for {@link sweep}. */
  look(): void {
    this.#say('look');
  }

  /** Kills the commands that it remembers and whose server is none of these. Fails like {@link kill}. */
  sweep(livingServers: readonly string[]): Promise<void> {
    const swept = this.#hear('swept');
    this.#say(`sweep ${livingServers.join(',')}`);
    return swept;
  }

  /** Ends it, with every command still under its guard, and resolves when its container is gone. */
  async dispose(): Promise<void> {
    this.#say('end');
    this.#end();
    this.#streams.endInput();
    try {
      // What is under guard is killed at the end of stdin; only then does the guard end.
      if (this.#listens) await Promise.race([this.#streams.closed, sleep(lastKillMs, undefined, { ref: false })]);
      await removeHelper(this.#engine, this.#name);
    } finally {
      this.#streams.destroy();
    }
  }

  #say(line: string): void {
    if (!this.#ended) this.#streams.stdin.write(`${line}\n`);
  }

  async #hear(line: string): Promise<void> {
    if (this.#ended) throw this.#gone();
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#expected.set(line, { resolve, reject });
      const giveUp = () =>
        reject(new Failure('engine_timeout', `The guard ${this.#name} did not answer within ${answerMs / 1000} s`));
      timer = setTimeout(giveUp, answerMs);
    }).finally(() => {
      clearTimeout(timer);
      this.#expected.delete(line);
    });
  }

  #take(chunk: string): void {
    const lines = (this.#line + chunk).split('\n');
    this.#line = (lines.pop() ?? '').slice(-maxLineLength);
    for (const line of lines) this.#expected.get(line)?.resolve();
  }

  #end(): void {
    this.#ended = true;
    clearInterval(this.#keepAlive);
    for (const { reject } of this.#expected.values()) reject(this.#gone());
  }

  #gone(): Failure {
    return new Failure('engine_unavailable', `The guard ${this.#name} has ended`, { retryAfter: 1 });
  }
}
