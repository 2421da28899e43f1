// A terminal in a container: bytes both ways on one WebSocket, each at the pace of the slower side. It draws nothing.

import { errorKinds } from '../schemas/error-codes.ts';
import type { TerminalClientFrame, TerminalServerFrame, TerminalSize } from '../schemas/terminal.ts';
import { TerrariumError } from './error.ts';
import type { CallOptions } from './http.ts';
import type { Dial, Socket, SocketEnd } from './sockets/socket.ts';
import { Pull } from './topics/pull.ts';

export interface TerminalOptions extends CallOptions, Partial<TerminalSize> {
  readonly engine?: string;
  /** Program and arguments; without it a shell of the container. */
  readonly command?: readonly string[];
  /** To the main process, in place of a command. */
  readonly attach?: boolean;
}

/** How a terminal ended. */
export interface TerminalExit {
  /** 128 + the signal for a process that a signal ended; null where it goes on: you detached from it. */
  readonly exitCode: number | null;
}

export interface Terminal {
  /** What the terminal shows, piece by piece. Ends when it does; read {@link exit} then. The server waits while nobody reads. */
  readonly output: AsyncIterableIterator<Uint8Array>;
  /** Resolves when the process has ended, or was detached from; fails with a {@link TerrariumError} where the terminal was cut, and with the reason of the signal. */
  readonly exit: Promise<TerminalExit>;
  /** Bytes that were written and are not sent yet: who writes much waits until they are few. */
  readonly waiting: number;
  write(input: string | Uint8Array): void;
  resize(size: TerminalSize): void;
  /** Leaves. A shell, and all that was started in it, ends with it; a main process goes on. */
  close(): void;
}

/** Bytes that wait for the reader, at which the server is asked to hold the output up, and at which it may go on. */
const flow = { high: 1_048_576, low: 262_144 } as const;

export async function openTerminal(
  dial: Dial,
  container: string,
  { signal, ...query }: TerminalOptions,
): Promise<Terminal> {
  const session = new Session(signal);
  const path = `/api/v1/containers/${encodeURIComponent(container)}/terminal`;
  const listener = {
    message: (data: string | Uint8Array) => session.hear(data),
    close: (end: SocketEnd) => session.end(end),
  };
  session.socket = await dial({ path, query, listener, signal });
  return session;
}

class Session implements Terminal {
  readonly output: Pull<Uint8Array>;
  readonly exit: Promise<TerminalExit>;
  socket: Socket | null = null;
  readonly #chunks: Uint8Array[] = [];
  #held = 0;
  #isPaused = false;
  #last: TerminalServerFrame | null = null;
  #settle: { resolve(exit: TerminalExit): void; reject(error: unknown): void } = { resolve() {}, reject() {} };

  constructor(signal: AbortSignal | undefined) {
    this.output = new Pull<Uint8Array>({ take: () => this.#take(), leave: () => {} });
    this.exit = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.exit.catch(() => {}); // who does not ask does not hear
    const abort = () => {
      this.#settle.reject(signal?.reason);
      this.close();
    };
    signal?.addEventListener('abort', abort, { once: true });
    void this.exit.finally(() => signal?.removeEventListener('abort', abort)).catch(() => {});
  }

  get waiting(): number {
    return this.socket?.waiting ?? 0;
  }

  write(input: string | Uint8Array): void {
    this.socket?.send(typeof input === 'string' ? new TextEncoder().encode(input) : input);
  }

  resize({ cols, rows }: TerminalSize): void {
    this.#say({ type: 'resize', cols, rows });
  }

  close(): void {
    this.socket?.close();
  }

  hear(data: string | Uint8Array): void {
    if (typeof data === 'string') {
      this.#last = JSON.parse(data) as TerminalServerFrame;
      return;
    }
    this.#chunks.push(data);
    this.#held += data.length;
    this.output.wake();
    if (this.#held < flow.high || this.#isPaused) return;
    this.#isPaused = true;
    this.#say({ type: 'pause' });
  }

  /** The connection is over. */
  end(end: SocketEnd): void {
    const last = this.#last;
    if (last?.type === 'exit') this.#settle.resolve({ exitCode: last.exitCode });
    else this.#settle.reject(explainEnd(last, end));
    this.output.finish();
    this.socket = null;
  }

  #take(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    this.#held -= chunk?.length ?? 0;
    if (this.#isPaused && this.#held <= flow.low) {
      this.#isPaused = false;
      this.#say({ type: 'resume' });
    }
    return chunk;
  }

  #say(frame: TerminalClientFrame): void {
    this.socket?.send(JSON.stringify(frame));
  }
}

function explainEnd(last: TerminalServerFrame | null, { code, reason }: SocketEnd): TerrariumError {
  if (last?.type === 'error') {
    const { code: name, detail, hint } = last;
    return new TerrariumError(name, detail, { hint, status: errorKinds[name].status });
  }
  return new TerrariumError('unreachable', `The terminal was cut (${code}${reason === '' ? '' : ` ${reason}`})`);
}
