// One exchange over a connection of its own, byte for byte as a test wants it: what node's own client would refuse to send is sent here. It reads an
// answer as RFC 9112 says, and judges nothing.
import { connect, type Socket } from 'node:net';

export interface Exchange {
  /** 0 where the server closed without an answer. */
  readonly status: number;
  /** By lower-case name; the last of several. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** `whole`: the answer is complete. `begun`: it goes on for ever and was left. `cut`: the connection ended before its end. `none`: nothing came. */
  readonly end: 'whole' | 'begun' | 'cut' | 'none';
  readonly ms: number;
}

export interface ExchangeOptions {
  /** Ends our side after the bytes, as a client does that was cut off. */
  readonly halfClose?: boolean;
  /** Fails when nothing has come for so long, in milliseconds. */
  readonly timeoutMs?: number;
  /** How long an answer that follows something is listened to, in milliseconds. */
  readonly followMs?: number;
  /** The bytes go out in pieces of this size. */
  readonly pieceBytes?: number;
  /** HEAD: there are headers of a body and no body. */
  readonly hasNoBody?: boolean;
}

/** Sends the bytes and reads one answer. Rejects when the server neither answers nor closes in time. */
export function exchange(
  url: string,
  bytes: Buffer | string,
  { halfClose = false, timeoutMs = 45_000, followMs = 300, pieceBytes, hasNoBody = false }: ExchangeOptions = {},
): Promise<Exchange> {
  const { hostname, port } = new URL(url);
  const payload = Buffer.from(bytes as string);
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader(hasNoBody);
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    let follow: NodeJS.Timeout | undefined;
    const finish = (end: Exchange['end']) => {
      clearTimeout(follow);
      clearTimeout(deadline);
      socket.destroy();
      resolve({ ...reader.answer(), end, ms: performance.now() - began });
    };
    const deadline = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer within ${timeoutMs} ms (so far: ${JSON.stringify(reader.answer().status)})`));
    }, timeoutMs);
    socket.on('connect', () => {
      void write(socket, payload, pieceBytes).then(() => halfClose && socket.end());
    });
    // It may refuse and close before it has read all.
    socket.on('error', () => finish(reader.hasBegun ? 'cut' : 'none'));
    socket.on('data', (chunk) => {
      reader.take(chunk);
      if (reader.isWhole) finish('whole');
      else if (reader.goesOn) follow ??= setTimeout(() => finish('begun'), followMs);
    });
    socket.on('end', () => {
      reader.end();
      finish(reader.isWhole ? 'whole' : reader.hasBegun ? 'cut' : 'none');
    });
  });
}

async function write(socket: Socket, bytes: Buffer, pieceBytes = bytes.length || 1): Promise<void> {
  for (let at = 0; at < bytes.length && socket.writable; at += pieceBytes) {
    await new Promise((resolve) => socket.write(bytes.subarray(at, at + pieceBytes), resolve));
  }
}

class AnswerReader {
  readonly #hasNoBody: boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #status = 0;
  #headers: Record<string, string> = {};
  #bodyAt = -1;
  #isWhole = false;
  #body: Buffer = Buffer.alloc(0);

  constructor(hasNoBody: boolean) {
    this.#hasNoBody = hasNoBody;
  }

  get hasBegun(): boolean {
    return this.#bytes.length > 0;
  }
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Lines that go on as long as something happens, or another protocol. */
  get goesOn(): boolean {
    return (
      this.#bodyAt >= 0 &&
      (this.#status === 101 || /ndjson|event-stream|text\/plain/.test(this.#headers['content-type'] ?? ''))
    );
  }

  take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (this.#bodyAt < 0) this.#readHead();
    if (this.#bodyAt >= 0) this.#readBody();
  }

  end(): void {
    const isBounded = 'content-length' in this.#headers || 'transfer-encoding' in this.#headers;
    if (this.#bodyAt >= 0 && !isBounded) this.#isWhole = true;
  }

  answer() {
    return { status: this.#status, headers: this.#headers, body: this.#body };
  }

  #readHead(): void {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) return;
    const [first = '', ...lines] = this.#bytes.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(`${first} `)?.[1]);
    if (!(status >= 100)) throw new Error(`no status line: ${first}`);
    const after = end + 4;
    if (status === 100) {
      this.#bytes = this.#bytes.subarray(after);
      this.#readHead();
      return;
    }
    this.#status = status;
    for (const line of lines) {
      const colon = line.indexOf(':');
      this.#headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    this.#bodyAt = after;
  }

  #readBody(): void {
    const rest = this.#bytes.subarray(this.#bodyAt);
    const { 'content-length': length, 'transfer-encoding': encoding } = this.#headers;
    if (this.#hasNoBody || this.#status === 204 || this.#status === 304) {
      this.#isWhole = true;
    } else if (length !== undefined) {
      this.#body = rest.subarray(0, Number(length));
      this.#isWhole = rest.length >= Number(length);
    } else if (encoding === 'chunked') {
      const { body, isWhole } = readChunks(rest);
      this.#body = body;
      this.#isWhole = isWhole;
    } else this.#body = rest;
  }
}

function readChunks(bytes: Buffer): { body: Buffer; isWhole: boolean } {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return { body: Buffer.concat(chunks), isWhole: false };
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString(), 16);
    if (size === 0) return { body: Buffer.concat(chunks), isWhole: true };
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return { body: Buffer.concat(chunks), isWhole: false };
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
