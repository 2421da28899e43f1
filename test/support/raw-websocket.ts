// A WebSocket client that keeps no rule: frames are made bit by bit (RFC 6455 §5.2), and what the server sends is read without an answer to it. It shares
// no code with ws.
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type Cleanup, defer } from './defer.ts';
import { upgradeHeaders } from './raw-http.ts';
import { waitFor } from './wait-for.ts';

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameParts {
  readonly opcode: number;
  readonly payload?: Buffer | string;
  readonly fin?: boolean;
  /** The three reserved bits, RSV1 the highest: 4. */
  readonly rsv?: number;
  readonly masked?: boolean;
  /** In place of the payload's own. */
  readonly announced?: bigint;
}

/** The bytes of one frame. */
export function rawFrame({
  opcode: code,
  payload = '',
  fin = true,
  rsv = 0,
  masked = true,
  announced,
}: FrameParts): Buffer {
  const data = Buffer.from(payload as string);
  const length = announced ?? BigInt(data.length);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | code;
  const maskBit = masked ? 0x80 : 0;
  let head: Buffer;
  if (length <= 125n) head = Buffer.from([first, maskBit | Number(length)]);
  else if (length <= 0xffffn) {
    head = Buffer.from([first, maskBit | 126, 0, 0]);
    head.writeUInt16BE(Number(length), 2);
  } else {
    head = Buffer.from([first, maskBit | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeBigUInt64BE(length, 2);
  }
  if (!masked) return Buffer.concat([head, data]);
  const mask = randomBytes(4);
  const hidden = Buffer.from(data.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return Buffer.concat([head, mask, hidden]);
}

export interface SeenFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export class RawWebSocket {
  readonly socket: Socket;
  readonly frames: SeenFrame[] = [];
  /** The connection has ended. */
  isOver = false;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, rest: Buffer) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('close', () => {
      this.isOver = true;
    });
    socket.on('error', () => {});
    this.#take(rest);
  }

  /** Sends bytes as they are; resolves when the kernel has them. */
  write(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  send(parts: FrameParts): Promise<void> {
    return this.write(rawFrame(parts));
  }

  /** JSON of the text frames so far. */
  // biome-ignore lint/suspicious/noExplicitAny: a client reads JSON
  get said(): Record<string, any>[] {
    return this.frames.filter((one) => one.opcode === opcode.text).map(({ payload }) => JSON.parse(payload.toString()));
  }

  countOf(code: number): number {
    return this.frames.filter((one) => one.opcode === code).length;
  }

  /** Waits for the server's close frame, and answers its code; 1006 where the connection ended without one. */
  async closeCode(timeoutMs = 30_000): Promise<number> {
    const found = () => this.frames.find((one) => one.opcode === opcode.close);
    await waitFor((see) => see(found()) !== undefined || this.isOver, { what: 'a close', timeoutMs, intervalMs: 5 });
    const payload = found()?.payload;
    return payload === undefined ? 1006 : payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) this.frames.push(frame);
  }

  #next(): SeenFrame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    const [first = 0, second = 0] = bytes;
    let length = second & 0x7f;
    let at = 2;
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      length = bytes.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      length = Number(bytes.readBigUInt64BE(2));
      at = 10;
    }
    if (bytes.length < at + length) return undefined;
    this.#bytes = bytes.subarray(at + length);
    return { opcode: first & 0x0f, payload: bytes.subarray(at, at + length) };
  }
}

export interface RawConnectOptions {
  readonly url: string;
  /** Of the URL, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Upgrades, and fails with the status where that is refused. The connection ends with the test. */
export function connectRaw(cleanup: Cleanup, { url, path, headers }: RawConnectOptions): Promise<RawWebSocket> {
  const { host, hostname, port } = new URL(url);
  const all = { host, ...upgradeHeaders, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    defer(cleanup, () => void socket.destroy());
    socket.once('error', reject);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    let head = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', read);
      const [first = ''] = head.toString().split('\r\n', 1);
      if (!first.includes(' 101 ')) return reject(new Error(`refused: ${head}`));
      resolve(new RawWebSocket(socket, head.subarray(end + 4)));
    };
    socket.on('data', read);
  });
}
