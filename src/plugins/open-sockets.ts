// The WebSockets that are open, with what ends them and what ends with them. There may be thousands: one listener serves them all, and one ends all that a
// login has opened.
import type { WebSocket } from 'ws';
import { type ErrorCode, errorKinds } from '../schemas/error-codes.ts';
import type { Login } from '../services/credentials/logins.ts';
import { guarded, listen } from '../streams/socket-listeners.ts';

/** Milliseconds that a client whose login has ended is given to close its side: it may not look any longer. */
const loginGraceMs = 500;

interface OpenedBy {
  readonly sockets: Set<WebSocket>;
  /** Hears of the login's end no more. */
  forget(): void;
}

interface Entry {
  readonly login: Login;
  /** Called once it is closed. */
  readonly onClosed: (() => void) | null;
}

export class OpenSockets {
  readonly #entries = new Map<WebSocket, Entry>();
  readonly #byLogin = new Map<Login, OpenedBy>();
  readonly #onClose: (this: WebSocket) => void;

  constructor() {
    const forget = (socket: WebSocket) => this.#forget(socket);
    this.#onClose = guarded(function () {
      forget(this);
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  [Symbol.iterator](): Iterator<WebSocket> {
    return this.#entries.keys();
  }

  /** Keeps one that was just opened until it is closed, and ends it with the login. */
  add(socket: WebSocket, login: Login, onClosed: (() => void) | null): void {
    this.#entries.set(socket, { login, onClosed });
    socket.on('close', this.#onClose);
    const known = this.#byLogin.get(login);
    if (known !== undefined) {
      known.sockets.add(socket);
      return;
    }
    const sockets = new Set([socket]);
    // Known before it is heard of: a login that is over says so at once.
    const opened = { sockets, forget: () => {} };
    this.#byLogin.set(login, opened);
    opened.forget = login.onEnd(() => endAll(sockets));
  }

  #forget(socket: WebSocket): void {
    const entry = this.#entries.get(socket);
    if (entry === undefined) return;
    this.#entries.delete(socket);
    entry.onClosed?.();
    const opened = this.#byLogin.get(entry.login);
    if (opened === undefined || !opened.sockets.delete(socket) || opened.sockets.size > 0) return;
    this.#byLogin.delete(entry.login);
    opened.forget();
  }
}

/** Whoever has no rights any more hears that, and is heard no more. */
function endAll(sockets: Iterable<WebSocket>): void {
  const code: ErrorCode = 'unauthorized';
  for (const socket of [...sockets]) {
    socket.removeAllListeners('message');
    socket.close(errorKinds[code].close, code);
    const timer = setTimeout(() => socket.terminate(), loginGraceMs);
    listen(socket, 'close', () => clearTimeout(timer));
  }
}
