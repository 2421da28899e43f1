// A WebSocket as a wire. How one comes about (its subprotocol, the size of a message) is the plugin's business.
import type { Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { guarded } from './socket-listeners.ts';
import { textFrame } from './websocket-frame.ts';
import type { Wire } from './wire.ts';

/** RFC 6455 §5.5: a close reason has at most 123 bytes. */
const maxReasonBytes = 123;

/** A wire that brings messages of its client too. */
export interface MessageWire extends Wire {
  /** Sets the listener that gets the text of each message, or null for a binary one. There is one listener. */
  onMessage(listener: (text: string | null) => void): void;
}

/**
 * Frames go to the connection beneath the socket, header and payload in one write: a message to a thousand clients costs a tenth less so, and is
 * framed once. That is right as long as ws does no more than this to a message: it writes each frame whole, at once, and compresses none
 * (`perMessageDeflate: false`), so what both write is in order.
 * @param connection what the socket was made of: `request.socket`
 */
export function websocketWire(socket: WebSocket, connection: Writable): MessageWire {
  return new WebSocketWire(socket, connection);
}

/**
 * A class, as there may be thousands: each member of a literal would be a closure of its own for every client. For the same
 * reason all sockets share their listeners, which find the wire of their socket in a map.
 */
class WebSocketWire implements MessageWire {
  static readonly #wires = new WeakMap<WebSocket, WebSocketWire>();
  static readonly #listeners = {
    message: WebSocketWire.#share((wire, data: RawData, isBinary: boolean) =>
      wire.#onMessage?.(isBinary ? null : String(data)),
    ),
    pong: WebSocketWire.#share((wire) => {
      wire.#pingedAt = null;
    }),
    close: WebSocketWire.#share((wire) => wire.#onClose?.()),
  };

  static #share<Args extends unknown[]>(act: (wire: WebSocketWire, ...args: Args) => unknown) {
    return guarded(function (...args: Args) {
      const wire = WebSocketWire.#wires.get(this);
      return wire === undefined ? undefined : act(wire, ...args);
    });
  }

  readonly #socket: WebSocket;
  readonly #connection: Writable;
  #pingedAt: number | null = null;
  #onMessage: ((text: string | null) => void) | undefined;
  #onClose: (() => void) | undefined;

  constructor(socket: WebSocket, connection: Writable) {
    this.#socket = socket;
    this.#connection = connection;
    WebSocketWire.#wires.set(socket, this);
    socket.on('pong', WebSocketWire.#listeners.pong);
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

  onMessage(listener: (text: string | null) => void): void {
    this.#onMessage = listener;
    this.#socket.on('message', WebSocketWire.#listeners.message);
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
    // It closes once, and the wrapper of `once` would be kept until then.
    this.#socket.on('close', WebSocketWire.#listeners.close);
  }
}

function cutReason(reason: string): string {
  let cut = reason;
  while (Buffer.byteLength(cut) > maxReasonBytes) cut = cut.slice(0, -1);
  return cut;
}
