// A bad line between us and a real engine: a listener (Unix socket or TCP) that hands everything on, until it is told to cut, delay, throttle,
// swallow, lose, mangle or break off in the middle of an answer. Requests it never changes.
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { defer } from './defer.ts';
import { type Cleanup, engineAddress } from './engine.ts';
import { letTimePass } from './wait-for.ts';

/** What the line does to what comes next. */
export type Fault =
  | { readonly kind: 'none' }
  /** Nothing gets through in either direction, and nobody is told; what was sent meanwhile arrives after it. */
  | { readonly kind: 'blackHole' }
  /** Every piece of an answer comes later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /**
   * Each connection is cut after so many bytes of answer, counted from the moment the fault was set; with `only`, those whose latest
   * request line matches.
   */
  | { readonly kind: 'cutAfter'; readonly bytes: number; readonly only?: RegExp }
  /** New connections are cut as soon as they are made. */
  | { readonly kind: 'refuse' }
  /** Answers come no faster than so, each connection for itself. */
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number }
  /** What is said on a connection that is open now, or made while this lasts, is lost for ever, its end too, and neither side is told: it is half open. */
  | { readonly kind: 'lose' }
  /** Each piece of an answer is changed; with `only`, of those connections whose latest request line matches. */
  | { readonly kind: 'mangle'; readonly mangle: (bytes: Buffer) => Buffer; readonly only?: RegExp };

export interface ChaosProxy {
  /** `unix:///…` or `tcp://127.0.0.1:PORT`, for an engine's endpoint. */
  readonly endpoint: string;
  /** How many connections are open now. */
  readonly connections: number;
  /** How many have been made since the start. */
  readonly accepted: number;
  /** The request lines that went through so far: `GET /v1.45/containers/json?all=true`. */
  readonly requests: readonly string[];
  /** Changes what the line does, for connections that are open too. */
  set(fault: Fault): void;
  /** Swallows from now on what the open connections carry whose latest request line matches, and nothing else. */
  hold(only: RegExp): void;
  /** Cuts every connection, with a reset where the line is TCP. */
  cut(): void;
  close(): Promise<void>;
}

/** Puts a line in front of the shared engine, or of `target` (`unix:///…`, `tcp://host:port`), and takes it away after the test. */
export async function startChaosProxy(
  cleanup: Cleanup,
  { over = 'unix', target }: { over?: 'unix' | 'tcp'; target?: string } = {},
): Promise<ChaosProxy> {
  const engine: NetConnectOpts = target === undefined ? toConnectOptions(engineAddress()) : readTarget(target);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-line-'));
  const lines = new Set<Line>();
  let fault: Fault = { kind: 'none' };
  let accepted = 0;
  const requests: string[] = [];

  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted += 1;
    if (fault.kind === 'refuse') {
      client.on('error', () => {});
      client.destroy();
      return;
    }
    const line = new Line(client, connect({ ...engine, allowHalfOpen: true }), () => lines.delete(line));
    client.on('data', (bytes) => {
      const found = /^((?:GET|POST|DELETE) \S+) HTTP/.exec(bytes.toString('latin1'));
      if (found?.[1] === undefined) return;
      requests.push(found[1]);
      line.name(found[1]);
    });
    lines.add(line);
    line.set(fault);
  });
  const listening = new Promise<void>((resolve) => server.once('listening', resolve));
  if (over === 'unix') server.listen(path.join(folder, 'engine.sock'));
  else server.listen(0, '127.0.0.1');
  await listening;

  const proxy: ChaosProxy = {
    endpoint:
      over === 'unix'
        ? `unix://${path.join(folder, 'engine.sock')}`
        : `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return lines.size;
    },
    get accepted() {
      return accepted;
    },
    requests,
    set(next) {
      fault = next;
      for (const line of lines) line.set(next);
    },
    hold(only) {
      for (const line of lines) line.hold(only);
    },
    cut() {
      for (const line of lines) line.cut();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      proxy.cut();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
  defer(cleanup, () => proxy.close());
  return proxy;
}

function toConnectOptions({ socketPath, host, port }: ReturnType<typeof engineAddress>): NetConnectOpts {
  return socketPath === undefined ? { host: host ?? '127.0.0.1', port: Number(port) } : { path: socketPath };
}

function readTarget(target: string): NetConnectOpts {
  if (!target.startsWith('tcp://')) return { path: target.replace(/^unix:\/\//, '') };
  const { hostname, port } = new URL(target.replace(/^tcp:/, 'http:'));
  return { host: hostname, port: Number(port) };
}

/** One connection through the proxy. */
class Line {
  readonly #client: Socket;
  readonly #engine: Socket;
  #fault: Fault = { kind: 'none' };
  #request = '';
  #answered = 0;
  #isCut = false;
  #isHeld = false;
  #isLost = false;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(client: Socket, engine: Socket, onClose: () => void) {
    this.#client = client;
    this.#engine = engine;
    client.on('data', (bytes) => this.#isLost || engine.write(bytes));
    engine.on('data', (bytes) => this.#isLost || this.#answer(bytes));
    // A half-closed stdin has to arrive as one.
    client.on('end', () => this.#isLost || engine.end());
    engine.on('end', () => this.#isLost || this.#afterQueue(() => client.end()));
    for (const socket of [client, engine]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        // The other end of a half-open connection learns nothing of it.
        if (this.#isLost && !this.#isCut) return;
        onClose();
        this.#afterQueue(() => {
          client.destroy();
          engine.destroy();
        });
      });
    }
  }

  /** Tells it its latest request line. */
  name(request: string): void {
    this.#request = request;
  }

  set(fault: Fault): void {
    this.#fault = fault;
    this.#answered = 0;
    if (fault.kind === 'lose') this.#isLost = true;
    this.#apply();
  }

  hold(only: RegExp): void {
    if (only.test(this.#request)) this.#isHeld = true;
    this.#apply();
  }

  #apply(): void {
    for (const socket of [this.#client, this.#engine]) {
      if (this.#isHeld || this.#fault.kind === 'blackHole') socket.pause();
      else socket.resume();
    }
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of [this.#client, this.#engine]) {
      // A reset exists on TCP only, and not any more once the socket was ended: node leaves it open then, and spins when it exits.
      if (socket.remoteAddress === undefined || socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  #answer(bytes: Buffer): void {
    const fault = this.#fault;
    if (fault.kind === 'delay') {
      const due = letTimePass(fault.ms, 'the line delays what it carries');
      this.#afterQueue(async () => {
        await due;
        this.#client.write(bytes);
      });
      return;
    }
    if (fault.kind === 'throttle') {
      this.#afterQueue(async () => {
        this.#client.write(bytes);
        await letTimePass((bytes.length / fault.bytesPerSecond) * 1_000, 'the line carries so many bytes a second');
      });
      return;
    }
    if (fault.kind === 'mangle' && (fault.only?.test(this.#request) ?? true)) {
      this.#afterQueue(() => this.#client.write(fault.mangle(bytes)));
      return;
    }
    const isCutShort = fault.kind === 'cutAfter' && (fault.only?.test(this.#request) ?? true);
    const limit = isCutShort ? fault.bytes : Number.POSITIVE_INFINITY;
    const left = Math.max(0, limit - this.#answered);
    this.#answered += bytes.length;
    this.#afterQueue(() => {
      if (left < bytes.length) this.#client.write(bytes.subarray(0, left), () => this.cut());
      else this.#client.write(bytes);
    });
  }

  /** Keeps the order of what is delayed and what is not any more. */
  #afterQueue(step: () => unknown): void {
    this.#queue = this.#queue.then(() => (this.#isCut ? undefined : step()));
  }
}
