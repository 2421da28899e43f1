// What a program makes of a terminal's WebSocket, written from its description alone.
import { WebSocket } from 'ws';
import { defer } from './defer.ts';
import type { Cleanup } from './engine.ts';
import { type See, waitFor } from './wait-for.ts';

export interface TerminalQuery {
  readonly [name: string]: string | readonly string[];
}

export interface TerminalEnd {
  readonly code: number;
  /** The last text frame. */
  // biome-ignore lint/suspicious/noExplicitAny: a client reads JSON
  readonly last: Record<string, any> | undefined;
}

export class TerminalClient {
  readonly socket: WebSocket;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #last: TerminalEnd['last'];
  #code: number | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => {
      if (!isBinary) {
        this.#last = JSON.parse(String(data));
        return;
      }
      this.#chunks.push(data as Buffer);
      this.#bytes += (data as Buffer).length;
    });
    socket.on('close', (code) => {
      this.#code = code;
    });
    socket.on('error', () => {});
  }

  /** How much came so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** All that came so far. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  type(input: string | Buffer): void {
    this.socket.send(Buffer.from(input));
  }

  say(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  until(pattern: RegExp, timeoutMs?: number): Promise<true> {
    const isThere = (see: See) => {
      if (pattern.test(see(this.text))) return true;
      if (this.#code !== undefined) throw new Error(`closed with ${this.#code}: ${JSON.stringify(this.#last)}`);
      return false;
    };
    return waitFor(isThere, { what: `${pattern} on the terminal`, timeoutMs, intervalMs: 10 });
  }

  /** Waits for the close. */
  async end(timeoutMs?: number): Promise<TerminalEnd> {
    const code = await waitFor(() => this.#code, { what: 'the terminal to close', timeoutMs, intervalMs: 10 });
    return { code, last: this.#last };
  }
}

/** Opens a terminal that ends with the test; a refused upgrade rejects with `{ status, problem }`. */
export function openTerminal(
  cleanup: Cleanup,
  { url, headers }: { url: string; headers: Record<string, string> },
  container: string,
  query: TerminalQuery = {},
): Promise<TerminalClient> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) search.append(name, one);
  return new Promise((resolve, reject) => {
    const address = `${url.replace(/^http/, 'ws')}/api/v1/containers/${container}/terminal?${search}`;
    const socket = new WebSocket(address, { headers });
    defer(cleanup, () => socket.terminate());
    const client = new TerminalClient(socket);
    socket.once('open', () => resolve(client));
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, answer) => {
      let body = '';
      answer.on('data', (chunk) => {
        body += chunk;
      });
      answer.on('end', () => reject({ status: answer.statusCode, problem: JSON.parse(body) }));
    });
  });
}
