// The client for pages, and for whatever has the standard `fetch` and `WebSocket`. It imports nothing of Node's.
import { assembleClient, type ClientParts, type TerrariumClient } from './client.ts';
import { dialWithTickets, type WebSocketConstructor } from './sockets/browser-socket.ts';

export * from './exports.ts';
export type { StandardWebSocket, WebSocketConstructor } from './sockets/browser-socket.ts';

export interface ClientOptions extends Omit<ClientParts, 'dial'> {
  /** Default: the global one. */
  readonly WebSocket?: WebSocketConstructor;
}

/**
 * The client of the server at `url`. It opens nothing until it is asked something.
 *
 * @example const client = createClient({ url: location.origin, token });
 */
export function createClient({ WebSocket, ...options }: ClientOptions): TerrariumClient {
  const standard = WebSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (standard === undefined) throw new TypeError('There is no WebSocket here: pass one as the option "WebSocket"');
  return assembleClient({ ...options, dial: (http) => dialWithTickets(http, standard) });
}
