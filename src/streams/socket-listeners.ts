// Adds listeners to a WebSocket so that an error in one of them stays with its own socket. Without a guard, such an error is
// an uncaught exception, and that ends the server for everybody.
import type { RawData, WebSocket } from 'ws';

interface SocketEvents {
  readonly message: [data: RawData, isBinary: boolean];
  readonly ping: [data: Buffer];
  readonly pong: [data: Buffer];
  readonly close: [code: number, reason: Buffer];
}

/** Calls the listener on each event of the socket. See {@link guarded}. */
export function listen<Event extends keyof SocketEvents>(
  socket: WebSocket,
  event: Event,
  listener: (...args: SocketEvents[Event]) => unknown,
): void {
  socket.on(event, guarded(listener));
}

/**
 * A listener whose errors become the `error` event of its socket, rejections of its promise included. The plugin
 * `websocket` listens to `error` on every socket: it logs the error and closes the socket. A guarded listener keeps nothing
 * of a socket, so that one can serve thousands.
 */
export function guarded<Args extends unknown[]>(
  listener: (this: WebSocket, ...args: Args) => unknown,
): (this: WebSocket, ...args: Args) => void {
  return function (...args) {
    try {
      const result = listener.apply(this, args);
      if (result instanceof Promise) result.catch((error: unknown) => this.emit('error', error));
    } catch (error) {
      this.emit('error', error);
    }
  };
}
