// What a client makes of terrarium.v1 frames, written from the protocol's description alone: it shares no code with src/streams. It fails at the
// first frame that such a client could not use.
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import { type Cleanup, defer } from './defer.ts';
import { waitFor } from './wait-for.ts';

// biome-ignore lint/suspicious/noExplicitAny: a client reads JSON
export type Frame = Record<string, any>;

/** The states of a connection's streams, rebuilt from snapshots and deltas. */
export class StreamReader {
  readonly frames: Frame[] = [];
  /** By key: the data as of the last frame, rows in the order of arrival, and the last seq. */
  readonly streams = new Map<string, { seq: number; data: Frame | null; text?: string; state?: string }>();

  take(frame: Frame): void {
    this.frames.push(frame);
    if (frame.type === 'snapshot') this.#takeSnapshot(frame);
    if (frame.type === 'delta') this.#takeDelta(frame);
    if (frame.type === 'state') {
      const stream = this.streams.get(JSON.stringify(frame.key));
      if (stream !== undefined) stream.state = frame.state;
    }
  }

  #takeSnapshot(frame: Frame): void {
    const key = JSON.stringify(frame.key);
    const before = this.streams.get(key);
    assert.ok(before === undefined || frame.seq > before.seq, `seq went from ${before?.seq} to ${frame.seq}`);
    const data = structuredClone(frame.data);
    this.streams.set(key, { ...before, seq: frame.seq, data, ...(frame.text !== undefined && { text: frame.text }) });
  }

  #takeDelta(frame: Frame): void {
    const stream = this.streams.get(JSON.stringify(frame.key));
    assert.ok(stream?.data, 'a delta came before any snapshot');
    assert.equal(frame.base, stream.seq, 'a delta builds on a frame that this client does not hold');
    assert.ok(frame.seq > frame.base);
    const [list, id] = frame.key.topic === 'netstat' ? ['sockets', 'id'] : ['interfaces', 'name'];
    const rows = new Map<string, Frame>(stream.data[list].map((row: Frame) => [row[id], row]));
    for (const name of frame.removed) assert.ok(rows.delete(name), `removed ${name}, which was not there`);
    for (const row of frame.changed) {
      assert.ok(rows.has(row[id]), `changed ${row[id]}, which was not there`);
      rows.set(row[id], row);
    }
    for (const row of frame.added) {
      assert.ok(!rows.has(row[id]), `added ${row[id]}, which was there`);
      rows.set(row[id], row);
    }
    stream.seq = frame.seq;
    stream.data = { ...stream.data, asOf: frame.asOf, [list]: [...rows.values()] };
  }

  /** Frames of one type. */
  of(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** Data of the only stream. */
  get data(): Frame | null {
    return [...this.streams.values()][0]?.data ?? null;
  }

  /** Text of the only stream. */
  get text(): string | undefined {
    return [...this.streams.values()][0]?.text;
  }

  /** Names of the states so far, in order. */
  get states(): string[] {
    return this.of('state').map(({ state }) => state);
  }
}

/** A connected WebSocket with its reader. */
export class StreamClient extends StreamReader {
  readonly socket: WebSocket;
  closed: { code: number; reason: string } | undefined;

  constructor(socket: WebSocket, { keepsOnly = false }: Pick<ConnectOptions, 'keepsOnly'> = {}) {
    super();
    this.socket = socket;
    socket.on('message', (data, isBinary) => {
      assert.equal(isBinary, false);
      if (keepsOnly) this.frames.push(JSON.parse(String(data)));
      else this.take(JSON.parse(String(data)));
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    socket.on('error', () => {});
  }

  /** Waits until the probe answers something. */
  until<T>(
    what: string,
    probe: (client: this) => T,
    timeoutMs?: number,
  ): Promise<Exclude<T, false | null | undefined>> {
    return waitFor(
      (see) => {
        const value = probe(this);
        if (!value) see(this.frames.slice(-3));
        if (!value && this.closed !== undefined)
          throw new Error(
            `closed with ${this.closed.code} ${this.closed.reason}: ${JSON.stringify(this.frames.slice(-3))}`,
          );
        return value;
      },
      { what, timeoutMs, intervalMs: 10 },
    );
  }

  async close(): Promise<void> {
    this.socket.close();
    await waitFor(() => this.closed, { what: 'the socket to close', intervalMs: 5 });
  }
}

export interface ConnectOptions {
  readonly headers?: Record<string, string>;
  readonly protocol?: string;
  /** Frames are kept and not put together: of a client that subscribes to one thing again and again. */
  readonly keepsOnly?: boolean;
}

/** Connects to `ws://…`; a refused upgrade rejects with `{ status, body }`. The socket is ended with the test. */
export function connectStream(
  cleanup: Cleanup,
  url: string,
  { headers, protocol, keepsOnly = false }: ConnectOptions = {},
): Promise<StreamClient> {
  return new Promise((resolve, reject) => {
    const address = url.replace(/^http/, 'ws');
    const socket = new WebSocket(address, protocol === undefined ? [] : [protocol], { headers });
    defer(cleanup, () => socket.terminate());
    const client = new StreamClient(socket, { keepsOnly });
    socket.once('open', () => resolve(client));
    socket.once('unexpected-response', (_request, answer) => {
      let body = '';
      answer.on('data', (chunk) => {
        body += chunk;
      });
      // A refused upgrade is no connection that may stay: the server has to close it, and the test waits for that.
      answer.socket.once('close', () => {
        reject(Object.assign(new Error(`refused: ${answer.statusCode} ${body}`), { status: answer.statusCode, body }));
      });
    });
    socket.once('error', reject);
  });
}
