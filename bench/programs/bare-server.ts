// The least that a WebSocket server can be: ws on plain node:http, nothing of ours. It says to each client what it was told to say first, and to all what its
// parent tells it, with the present time in the place of the frame's.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

export type ToBareServer =
  | { readonly do: 'greet'; readonly frames: readonly string[] }
  | { readonly do: 'broadcast'; readonly frame: string };
export interface FromBareServer {
  readonly tell: 'listening';
  readonly port: number;
}

const server = createServer((_request, response) => response.writeHead(404).end());
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
let greeting: readonly Buffer[] = [];

sockets.on('connection', (socket) => {
  for (const frame of greeting) socket.send(frame, { binary: false });
});

process.on('message', (message: ToBareServer) => {
  if (message.do === 'greet') greeting = message.frames.map((frame) => Buffer.from(frame));
  else broadcast(message.frame);
});
process.on('disconnect', () => process.exit());

server.listen(0, '127.0.0.1', () => {
  const told: FromBareServer = { tell: 'listening', port: (server.address() as AddressInfo).port };
  process.send?.(told);
});

function broadcast(frame: string): void {
  const bytes = Buffer.from(frame.replace(/"at":"[^"]*"/, `"at":"${new Date().toISOString()}"`));
  for (const socket of sockets.clients) socket.send(bytes, { binary: false });
}
