// The client for Node: its WebSockets carry the token in the header, and it finds the server of this machine by itself.
import { assembleClient, type ClientParts, type TerrariumClient } from './client.ts';
import { dialWithHeaders } from './sockets/node-socket.ts';

export * from './exports.ts';
export { type FoundServer, findServer } from './find-server.ts';

export type ClientOptions = Omit<ClientParts, 'dial'>;

/**
 * The client of the server at `url`. It opens nothing until it is asked something.
 *
 * @example const client = createClient(await findServer());
 */
export function createClient(options: ClientOptions): TerrariumClient {
  return assembleClient({ ...options, dial: dialWithHeaders });
}
