// A peer: npm's docker-exec-websocket-server, one exec a client, for the container that the arguments name.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
// @ts-expect-error It has no types.
import peer from 'docker-exec-websocket-server';

export interface FromExecServer {
  readonly tell: 'listening';
  readonly port: number;
}

const [containerId, dockerSocket] = process.argv.slice(2);
const server = createServer();
new peer.DockerExecServer({ server, containerId, dockerSocket, path: '/', maxSessions: 1_000 });
process.on('disconnect', () => process.exit());

server.listen(0, '127.0.0.1', () => {
  const told: FromExecServer = { tell: 'listening', port: (server.address() as AddressInfo).port };
  process.send?.(told);
});
