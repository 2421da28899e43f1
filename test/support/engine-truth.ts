// What is really on one engine, asked of its own socket past every proxy and every server: the judge of what clients were told. Unlike engine.ts it
// is bound to an engine, so that several can be judged at a time.
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { defer } from './defer.ts';
import type { Cleanup } from './engine.ts';
import type { PrivateEngine } from './private-engine.ts';
import { letTimePass, type See, waitFor } from './wait-for.ts';

/** A container as the engine's list shows it. */
export interface TrueContainer {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

export class EngineTruth {
  readonly engine: PrivateEngine;

  constructor(engine: PrivateEngine) {
    this.engine = engine;
  }

  /** One call; fails for an answer that is an error, and where none comes within the time. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read the engine's own JSON, whose types are not ours to repeat
  async ask<T = any>(method: string, path: string, body?: object, timeoutMs = 60_000): Promise<T> {
    const answer = await this.#send(method, path, body, timeoutMs);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.trim()}`);
    return (answer.text === '' ? undefined : JSON.parse(answer.text)) as T;
  }

  /** Every container, or those that carry the label (`key` or `key=value`). */
  async containers(label?: string): Promise<TrueContainer[]> {
    const filters = label === undefined ? '' : `&filters=${encodeURIComponent(JSON.stringify({ label: [label] }))}`;
    const found = await this.ask<
      { Id: string; Names: string[]; State: string; Labels: Record<string, string> | null }[]
    >('GET', `/containers/json?all=1${filters}`);
    return found.map(({ Id, Names, State, Labels }) => ({
      id: Id,
      name: Names[0]?.slice(1) ?? Id,
      state: State,
      labels: Labels ?? {},
    }));
  }

  /** Makes and starts a container of the test's own. */
  async run(name: string, body: object): Promise<string> {
    const { Id } = await this.ask<{ Id: string }>('POST', `/containers/create?name=${name}`, {
      Image: 'busybox:latest',
      ...body,
    });
    await this.ask('POST', `/containers/${Id}/start`);
    return Id;
  }

  remove(id: string): Promise<void> {
    return this.ask('DELETE', `/containers/${id}?force=1&v=1`);
  }

  isRunning(id: string): Promise<boolean> {
    return this.ask('GET', `/containers/${id}/json`).then(
      ({ State }) => State.Running === true,
      () => false,
    );
  }

  /** The command lines in a container, as the engine's host sees them. Who only waits to be reaped is none. */
  async processes(id: string): Promise<string[]> {
    const args = encodeURIComponent('-eo pid,stat,args');
    const { Processes } = await this.ask<{ Processes: string[][] }>('GET', `/containers/${id}/top?ps_args=${args}`);
    return Processes.filter(([, stat]) => !stat?.startsWith('Z')).map(([, , ...words]) => words.join(' '));
  }

  /** Everything that somebody made on it and that is still there: containers, networks and volumes, a line each. */
  async left(): Promise<string[]> {
    const [containers, networks, { Volumes }] = await Promise.all([
      this.containers(),
      this.ask<{ Name: string }[]>('GET', '/networks'),
      this.ask<{ Volumes: { Name: string }[] | null }>('GET', '/volumes'),
    ]);
    return [
      ...containers.map(({ name, state }) => `container ${name}, ${state}`),
      ...networks.filter(({ Name }) => !['bridge', 'host', 'none'].includes(Name)).map(({ Name }) => `network ${Name}`),
      ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
    ];
  }

  /** Waits until nothing is left on it but what matches `except`, or no container that is meant by `only`; fails with what there is. */
  async awaitNothing({
    what,
    timeoutMs,
    except,
    only,
  }: {
    what: string;
    timeoutMs: number;
    except?: RegExp;
    only?: (container: TrueContainer) => boolean;
  }): Promise<void> {
    let found: string[] = [];
    const list = async () =>
      only === undefined
        ? this.left()
        : (await this.containers()).filter(only).map(({ name, state }) => `container ${name}, ${state}`);
    const look = async (see: See) => {
      found = see((await list()).filter((line) => except?.test(line) !== true));
      return found.length === 0;
    };
    await waitFor(look, { what, timeoutMs, intervalMs: 200 }).catch((cause) => {
      throw new Error(`${what}: ${timeoutMs} ms later there is still\n  ${found.join('\n  ')}`, { cause });
    });
  }

  /** Milliseconds that making, starting and removing a container takes when it is asked without anything in between: the engine's own pace now. */
  async pace(): Promise<number> {
    const began = performance.now();
    const id = await this.run(`pace-${Math.round(began)}`, { Cmd: ['true'], HostConfig: { NetworkMode: 'none' } });
    await this.remove(id);
    return performance.now() - began;
  }

  async #send(
    method: string,
    path: string,
    body: object | undefined,
    timeoutMs: number,
  ): Promise<{ status: number; text: string }> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = { Host: 'docker', ...(payload !== undefined && { 'Content-Type': 'application/json' }) };
    const { socket } = this.engine;
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: socket, method, path, headers, agent: false }, (answer) => {
        text(answer).then((words) => resolve({ status: answer.statusCode ?? 0, text: words }), reject);
      });
      call.setTimeout(timeoutMs, () => call.destroy(new Error(`${method} ${path}: no answer within ${timeoutMs} ms`)));
      call.on('error', reject);
      call.end(payload);
    });
  }
}

/** When an engine really answered, as somebody in this process saw it who did nothing but ask: every 50 ms, each time on a connection of its own. */
export class Pinger {
  readonly #ask: () => Promise<void>;
  readonly #running: Promise<void>;
  #isOver = false;
  /** Moments (performance.now()) at which an answer came. */
  readonly answers: number[] = [];

  /** @param target where to ask: a socket, or a host and port */
  constructor(
    cleanup: Cleanup,
    target: { readonly socketPath: string } | { readonly host: string; readonly port: number },
  ) {
    defer(cleanup, () => this.stop());
    this.#ask = () =>
      new Promise((resolve) => {
        const call = request({ ...target, path: '/_ping', headers: { host: 'docker' }, agent: false }, (answer) => {
          answer.resume();
          if (answer.statusCode === 200) this.answers.push(performance.now());
          resolve();
        });
        call.setTimeout(2_000, () => call.destroy());
        call.on('error', () => resolve());
        call.on('close', () => resolve());
        call.end();
      });
    this.#running = this.#run();
  }

  /** The last answer before the moment at which the engine went away. */
  lastBefore(moment: number): number {
    return this.answers.findLast((at) => at <= moment) ?? moment;
  }

  /** The first answer after the moment, once there is one. */
  firstAfter(moment: number): number | undefined {
    return this.answers.find((at) => at > moment);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** Does not wait for one answer before it asks again: what is held back would hide that the engine is there. */
  async #run(): Promise<void> {
    const open = new Set<Promise<void>>();
    while (!this.#isOver) {
      const asked = this.#ask().finally(() => open.delete(asked));
      open.add(asked);
      await letTimePass(50, 'the pace of the pings');
    }
    await Promise.all(open);
  }
}
