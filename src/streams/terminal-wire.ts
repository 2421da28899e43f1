// A WebSocket as the wire of a terminal: binary frames both ways, text frames beside them, and input that can be held up. It neither reads
// frames nor decides when to hold.
import type { WebSocket } from 'ws';
import { listen } from './socket-listeners.ts';

export interface TerminalWire {
  /** Sends bytes of the TTY; `done` is called once, when they are handed on or never will be. */
  sendBytes(bytes: Buffer, done: () => void): void;
  sendText(text: string): void;
  /** Bytes that wait to be sent. */
  readonly waiting: number;
  /** Reads nothing more from the client: TCP then holds it up. Its departure is noticed by the next pings only. */
  holdInput(): void;
  releaseInput(): void;
  ping(): void;
  /** Milliseconds that the oldest unanswered ping has waited, input that is held not counted. */
  unansweredMs(): number;
  /** Ends the connection after what was sent. `code` and `reason` are those of RFC 6455 §7.4. */
  close(code: number, reason: string): void;
  onBytes(listener: (bytes: Buffer) => void): void;
  onText(listener: (text: string) => void): void;
  /** Called once, when the connection has ended, at once where it has already. */
  onClose(listener: () => void): void;
}

/** RFC 6455 §5.5: a close reason has at most 123 bytes. */
const maxReasonBytes = 123;
/** A client that takes neither what was sent nor the close is cut off after this, in milliseconds. */
const closeGraceMs = 5_000;

export function terminalWire(socket: WebSocket): TerminalWire {
  let pingedAt: number | undefined;
  socket.binaryType = 'nodebuffer';
  listen(socket, 'pong', () => {
    pingedAt = undefined;
  });
  return {
    sendBytes(bytes, done) {
      socket.send(bytes, { binary: true }, () => done());
    },
    sendText(text) {
      if (socket.readyState === socket.OPEN) socket.send(text);
    },
    get waiting() {
      return socket.bufferedAmount;
    },
    holdInput() {
      // An answer could not be read either.
      pingedAt = undefined;
      socket.pause();
    },
    releaseInput() {
      pingedAt = undefined;
      socket.resume();
    },
    ping() {
      if (socket.readyState !== socket.OPEN) return;
      if (!socket.isPaused) pingedAt ??= performance.now();
      socket.ping();
    },
    unansweredMs: () => (pingedAt === undefined ? 0 : performance.now() - pingedAt),
    close(code, reason) {
      // The client's own close could not be read otherwise.
      socket.resume();
      socket.close(code, cutReason(reason));
      setTimeout(() => socket.terminate(), closeGraceMs).unref();
    },
    onBytes(listener) {
      listen(socket, 'message', (data, isBinary) => isBinary && listener(data as Buffer));
    },
    onText(listener) {
      listen(socket, 'message', (data, isBinary) => !isBinary && listener(String(data)));
    },
    onClose(listener) {
      if (socket.readyState === socket.CLOSED) listener();
      else listen(socket, 'close', listener);
    },
  };
}

function cutReason(reason: string): string {
  let cut = reason;
  while (Buffer.byteLength(cut) > maxReasonBytes) cut = cut.slice(0, -1);
  return cut;
}
