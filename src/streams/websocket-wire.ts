// A WebSocket as a wire. How one comes about (its subprotocol, the size of a message) is the plugin's business.
import type { Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { textFrame } from './websocket-frame.ts';
import type { Wire } from './wire.ts';

/** RFC 6455 §5.5: a close reason has at most 123 bytes. */
const maxReasonBytes = 123;

/**
 * Frames go to the connection beneath the socket, header and payload in one write: a message to a thousand clients costs a tenth less so, and is
 * framed once. That is right as long as ws does no more than this to a message: it writes each frame whole, at once, and compresses none
 * (`perMessageDeflate: false`), so what both write is in order.
 * @param connection what the socket was made of: `request.socket`
 */
export function websocketWire(socket: WebSocket, connection: Writable): Wire {
  return new WebSocketWire(socket, connection);
}

/** A class, as there may be thousands: each member of a literal would be a closure of its own for every client. */
class WebSocketWire implements Wire {
  readonly #socket: WebSocket;
  readonly #connection: Writable;
  #pingedAt: number | null = null;

  constructor(socket: WebSocket, connection: Writable) {
    this.#socket = socket;
    this.#connection = connection;
    socket.on('pong', () => {
      this.#pingedAt = null;
    });
  }

  send(frame: Buffer, done: () => void): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#connection.write(textFrame(frame), done);
    // Nothing may follow a close: ws calls back without sending.
    else this.#socket.send(frame, { binary: false }, done);
  }

  ping(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#pingedAt ??= performance.now();
    this.#socket.ping();
  }

  unansweredMs(): number {
    return this.#pingedAt === null ? 0 : performance.now() - this.#pingedAt;
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, cutReason(reason));
  }

  onClose(listener: () => void): void {
    // It closes once, and the wrapper of `once` would be kept until then.
    this.#socket.on('close', listener);
  }
}

function cutReason(reason: string): string {
  let cut = reason;
  while (Buffer.byteLength(cut) > maxReasonBytes) cut = cut.slice(0, -1);
  return cut;
}
