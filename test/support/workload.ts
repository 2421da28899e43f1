// Everything that clients do with a server, at one time and on one engine, while something breaks: creates and removals with keys, a lab that comes and goes,
// commands, a followed log, watchers, a terminal, followers of events. Afterwards each client's account has to agree with the engine's truth. It breaks
// nothing itself.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { LabFile } from '../../src/schemas/lab.ts';
import { CreateLedger, type LedgerNumbers } from './create-ledger.ts';
import { defer } from './defer.ts';
import type { Cleanup } from './engine.ts';
import type { EngineTruth } from './engine-truth.ts';
import {
  type EventFollower,
  type EventHost,
  followEvents,
  requireNothingMissed,
  requireRightState,
} from './event-followers.ts';
import { connectStream, type Frame, type StreamClient } from './stream-client.ts';
import { openTerminal, type TerminalClient } from './terminal-client.ts';
import { letTimePass, type See, waitFor } from './wait-for.ts';

export interface WorkloadOptions {
  readonly host: EventHost;
  readonly truth: EngineTruth;
  /** Begins the names of all that it makes. */
  readonly name: string;
  readonly random: () => number;
  /** Clients that create and remove; default 2. */
  readonly creators?: number;
  /** Streams are cut with the server: who watches comes back by hand then. Default false. */
  readonly isServerMortal?: boolean;
}

/** What a test says of what happened: how much was done, and what of it was refused. */
export interface WorkloadAccount extends LedgerNumbers {
  readonly commands: number;
  readonly commandsRefused: number;
  readonly labChanges: number;
  readonly labChangesRefused: number;
  readonly events: number;
  readonly logLines: number;
}

/** The containers that others made, and that are watched. */
interface Standing {
  /** Listens on 80 whenever it runs, and comes back with its engine. */
  readonly web: string;
  /** Says a number five times a second, and comes back with its engine. */
  readonly talker: string;
}

const labFile: LabFile = {
  networks: { lan: null },
  containers: {
    a: { mode: 'bridged', network: 'lan', command: ['sleep', '86400'] },
    b: { mode: 'closed', command: ['sleep', '86400'] },
  },
};

/** Of a whole answer: `seq 1 2000` is 8,893 bytes, more than one frame of the engine's. */
const wholeOutput = Array.from({ length: 2_000 }, (_, index) => `${index + 1}\n`).join('');
const excuses: ReadonlySet<number> = new Set([0, 503, 504]);
const managed = { 'io.terrarium.managed': 'true' };
const isAlive = { Init: true, RestartPolicy: { Name: 'always' } };

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #cleanup: Cleanup;
  readonly ledger: CreateLedger;
  readonly standing: Standing;
  readonly followers: readonly EventFollower[];
  readonly watchers = new Map<string, StreamClient>();
  terminal: TerminalClient | undefined;
  #log: StreamClient | undefined;
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();
  readonly #done = { commands: 0, commandsRefused: 0, labChanges: 0, labChangesRefused: 0 };
  /** What the lab is, as far as it was told. */
  #lab: 'up' | 'down' | 'unsure' = 'down';

  private constructor(cleanup: Cleanup, options: WorkloadOptions, standing: Standing) {
    this.#cleanup = cleanup;
    this.#options = options;
    this.standing = standing;
    const { host, truth, name, random } = options;
    this.ledger = new CreateLedger(host, truth, { prefix: name, random });
    this.followers = followEvents(cleanup, host);
    // Where a test fails half-way nobody goes on.
    defer(cleanup, () => {
      this.#isOver = true;
      this.ledger.abandon();
    });
  }

  /** Begins it all; resolves when every client has what it came for. */
  static async begin(cleanup: Cleanup, options: WorkloadOptions): Promise<Workload> {
    const { truth, name, host, creators = 2 } = options;
    const [web, talker] = await Promise.all([
      truth.run(`${name}-web`, { Cmd: ['httpd', '-f', '-p', '80'], Labels: managed, HostConfig: isAlive }),
      truth.run(`${name}-talker`, {
        Cmd: ['sh', '-c', 'trap "exit 0" TERM; n=0; while :; do n=$((n+1)); echo $n; sleep 0.2 & wait; done'],
        Labels: managed,
        HostConfig: isAlive,
      }),
    ]);
    // Where a test fails half-way they would be in the account of the next one. With an engine that is gone, so are they.
    defer(cleanup, async () => {
      for (const id of [web, talker]) await truth.remove(id).catch(() => {});
    });
    for (const id of [web, talker])
      await waitFor(
        async (see) =>
          see((await fetch(`${host.url}/api/v1/containers/${id}`, { headers: host.headers })).status) === 200,
        { what: `${id} to be known` },
      );
    const workload = new Workload(cleanup, options, { web, talker });
    await Promise.all([workload.watch(), ...workload.followers.map((follower) => follower.settled())]);
    workload.ledger.start(creators);
    workload.#running = Promise.all([workload.#runCommands(), workload.#changeLab()]);
    workload.#running.catch(() => {}); // `stop` tells
    return workload;
  }

  /** Connects whoever watches, the log and the terminal: at the beginning, and again after the server was killed. */
  async watch(): Promise<void> {
    const { host } = this.#options;
    const { web, talker } = this.standing;
    const connect = async (path: string) => {
      const client = await connectStream(this.#cleanup, `${host.url}/api/v1/${path}`, { headers: { ...host.headers } });
      this.watchers.set(path, client);
      return client;
    };
    const [netstat, ifconfig, log, terminal] = await Promise.all([
      connect(`containers/${web}/netstat?options=tl&intervalMs=200`),
      connect(`containers/${web}/ifconfig?intervalMs=200`),
      connectStream(this.#cleanup, `${host.url}/api/v1/stream`, { headers: { ...host.headers } }),
      openTerminal(this.#cleanup, { url: host.url, headers: { ...host.headers } }, web),
    ]);
    this.#log = log;
    this.terminal = terminal;
    log.socket.send(JSON.stringify({ type: 'subscribe', id: 'log', topic: 'logs', container: talker, tail: 10_000 }));
    terminal.type('echo at "home"\n');
    await Promise.all([
      netstat.until('the listener', ({ data }) => data !== null && data.sockets.length > 0, 60_000),
      ifconfig.until('the interfaces', ({ data }) => data, 60_000),
      log.until('the log', (client) => client.of('log').length > 0, 60_000),
      terminal.until(/at home/, 60_000),
    ]);
  }

  /** Moments (performance.now()) at which a client was told that its engine, or its stream, is away or back: by client. */
  onStates(listener: (client: string, state: string) => void): void {
    for (const [path, client] of this.watchers)
      client.socket.on('message', (data) => {
        const frame = JSON.parse(String(data)) as Frame;
        if (frame.type === 'state') listener(path, frame.state);
      });
    this.#log?.socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      // Of a line that is only silent a log knows nothing: its connection is told of the engine.
      if (frame.type === 'state' && frame.engine !== undefined) listener('the engine', frame.state);
    });
  }

  /** No new work; resolves when all that is under way was answered, or will not be. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all([this.ledger.stop(), this.#running]);
  }

  /**
   * Everybody's account against the engine's truth, once the server knows the engine again. What is left at the end is only what others made.
   */
  async judge(): Promise<WorkloadAccount> {
    const { truth, host } = this.#options;
    this.#requireSurvivors();
    await this.ledger.judge();
    await this.#judgeLab();
    await this.#judgeWatchers();
    const logLines = await this.#judgeLog();
    const states = async () => {
      const found = await truth.containers('io.terrarium.managed');
      return new Map(
        found.filter(({ labels }) => labels['io.terrarium.role'] === undefined).map(({ id, state }) => [id, state]),
      );
    };
    await requireRightState(this.#cleanup, host, this.followers, states);
    const events = requireNothingMissed(this.followers);
    assert.ok(this.#done.commands > 0, 'no command ran');
    return { ...this.ledger.numbers, ...this.#done, events, logLines };
  }

  /** Removes what it made by the API, and everybody leaves: nothing of the server's may be left then, in the watched containers either. */
  async leave(): Promise<void> {
    const { truth, name } = this.#options;
    await this.ledger.clear();
    for (const client of this.watchers.values()) client.socket.close();
    this.#log?.socket.close();
    this.terminal?.socket.terminate();
    for (const follower of this.followers) follower.close();
    await truth.awaitNothing({
      what: 'everybody has left',
      timeoutMs: 20_000,
      except: new RegExp(`^container ${name}-(web|talker), `),
    });
    for (const [id, own] of [
      [this.standing.web, /httpd|docker-init/],
      [this.standing.talker, /trap|sleep 0\.2|docker-init/],
    ] as const)
      await waitFor(async (see) => see(await truth.processes(id)).every((line) => own.test(line)), {
        what: 'only their own processes to be left in the watched containers',
      }).catch(async (cause) => {
        throw new Error(`left in ${id}: ${(await truth.processes(id)).join('; ')}`, { cause });
      });
    for (const id of [this.standing.web, this.standing.talker]) await truth.remove(id);
  }

  /** Nobody watches: so nothing of the server's own may be there, and nothing that was made and never started. */
  requireNothingHalfMade(timeoutMs: number): Promise<void> {
    return this.#options.truth.awaitNothing({
      what: 'what a killed server had half-made',
      timeoutMs,
      only: ({ state, labels }) => state === 'created' || labels['io.terrarium.role'] !== undefined,
    });
  }

  /** Streams outlive whatever the engine does; a terminal ends with the way to it, and says so. */
  #requireSurvivors(): void {
    if (this.#options.isServerMortal === true) return;
    for (const [path, client] of this.watchers) assert.equal(client.closed, undefined, `${path} was closed`);
    assert.equal(this.#log?.closed, undefined, 'the stream was closed');
    for (const { carrier, cuts } of this.followers) assert.equal(cuts, 0, `the events by ${carrier} were cut`);
  }

  async #runCommands(): Promise<void> {
    while (!this.#isOver) {
      const { status, body } = await this.#call('POST', `/containers/${this.standing.web}/exec`, {
        command: ['seq', '1', '2000'],
        timeoutMs: 20_000,
      });
      if (status === 200 && body.timedOut === false) {
        // Whole, or not told at all.
        assert.equal(
          body.exitCode,
          0,
          `a command was cut, and its answer hides it: ${JSON.stringify(body).slice(0, 300)}`,
        );
        assert.ok(
          body.stdout === wholeOutput,
          `of an output ${body.stdout.length} characters came, and the rest was not missed`,
        );
        this.#done.commands += 1;
      } else {
        // 409: the container does not run for a moment, with its engine.
        const isExcused = excuses.has(status) || status === 200 || status === 409;
        assert.ok(isExcused, `a command was answered ${status} ${JSON.stringify(body)}`);
        this.#done.commandsRefused += 1;
      }
      await letTimePass(status === 200 ? 150 : 500, 'the pace of the workload');
    }
  }

  async #changeLab(): Promise<void> {
    const path = `/labs/${this.#options.name}`;
    for (let isUp = true; !this.#isOver; isUp = !isUp) {
      this.#lab = 'unsure';
      const { status, body } = isUp ? await this.#call('PUT', path, labFile) : await this.#call('DELETE', path);
      if (status === 200 || status === 204) {
        this.#lab = isUp ? 'up' : 'down';
        this.#done.labChanges += 1;
      } else {
        // 409: what its last change lost track of is on its way out. 404: there was no lab to be removed.
        const isExcused = excuses.has(status) || status === 409 || (status === 404 && !isUp);
        assert.ok(isExcused, `a change of the lab was answered ${status} ${JSON.stringify(body)}`);
        this.#done.labChangesRefused += 1;
      }
      await letTimePass(400, 'the pace of the workload');
    }
  }

  /** A lab that was told to be up has its members, one that was told to be gone has none; and both can be had again. */
  async #judgeLab(): Promise<void> {
    const { truth, name } = this.#options;
    const members = async () => (await truth.containers(`io.terrarium.lab=${name}`)).map((one) => one.name).sort();
    const all = [`${name}-a`, `${name}-b`];
    if (this.#lab === 'up') assert.deepEqual(await members(), all, 'a lab that was told to be up');
    if (this.#lab === 'down') assert.deepEqual(await members(), [], 'a lab that was told to be gone');
    const insist = (method: 'PUT' | 'DELETE', body?: LabFile) =>
      waitFor(
        async (see) => {
          const answer = await this.#call(method, `/labs/${name}`, body);
          return !(excuses.has(answer.status) || see(answer.body?.code) === 'lab_busy') && answer;
        },
        { what: `${method} of the lab`, timeoutMs: 60_000, intervalMs: 250 },
      );
    const applied = await insist('PUT', labFile);
    assert.equal(applied.status, 200, JSON.stringify(applied.body));
    assert.equal(applied.body.lab.state, 'as_described');
    assert.deepEqual(await members(), all);
    const removed = await insist('DELETE');
    assert.ok(removed.status === 200 || removed.status === 204, JSON.stringify(removed.body));
    assert.deepEqual(await members(), []);
  }

  /** What a watcher holds is what one who comes now is told. */
  async #judgeWatchers(): Promise<void> {
    const { host } = this.#options;
    for (const [path, client] of this.watchers) {
      let held: unknown;
      let fresh: unknown;
      const agree = async (see: See) => {
        const newcomer = await connectStream(this.#cleanup, `${host.url}/api/v1/${path}`, {
          headers: { ...host.headers },
        });
        await newcomer.until('a snapshot', ({ data }) => data, 30_000);
        fresh = essence(newcomer.data);
        held = essence(client.data);
        await newcomer.close();
        see({ held, fresh });
        return isDeepStrictEqual(held, fresh);
      };
      await waitFor(agree, { what: `${path} to agree`, intervalMs: 200 }).catch((cause) => {
        throw new Error(`${path} holds ${JSON.stringify(held)}, a newcomer is told ${JSON.stringify(fresh)}`, {
          cause,
        });
      });
    }
  }

  /** The lines that were told are the engine's, each once. Answers how many. */
  async #judgeLog(): Promise<number> {
    const { truth } = this.#options;
    const log = this.#log;
    assert.ok(log !== undefined);
    const told = () => log.of('log').flatMap(({ lines }) => lines.map(({ at, line }: Frame) => `${at} ${line}`));
    const { stdout } = await truth.engine.docker('logs', '--timestamps', this.standing.talker);
    const lines = stdout.trim().split('\n');
    const last = lines.at(-1) ?? '';
    await waitFor((see) => see(told()).includes(last), { what: `the line ${last}` });
    const heard = told();
    assert.deepEqual(heard.slice(0, heard.indexOf(last) + 1), lines, 'the log was not told line by line');
    return lines.length;
  }

  async #call(
    method: string,
    path: string,
    body?: object,
    // biome-ignore lint/suspicious/noExplicitAny: a client reads JSON
  ): Promise<{ status: number; body: any }> {
    const { url, headers } = this.#options.host;
    try {
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(60_000),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
    } catch {
      return { status: 0, body: undefined };
    }
  }
}

/** What does not move while nothing happens: rows of sockets, and interfaces without their counters. */
function essence(data: Frame | null): unknown {
  if (data === null) return null;
  if (data.sockets !== undefined) return [...data.sockets].sort((a: Frame, b: Frame) => (a.id < b.id ? -1 : 1));
  return data.interfaces
    .map(({ name, mac, mtu, flags, ipv4, ipv6 }: Frame) => ({ name, mac, mtu, flags, ipv4, ipv6 }))
    .sort((a: Frame, b: Frame) => (a.name < b.name ? -1 : 1));
}
