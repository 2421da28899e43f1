// Many topics on one WebSocket. What is said on it is the service's business.
import type { WebSocket } from 'ws';
import { Failure } from '../src/schemas/failure.ts';
import { Problem } from '../src/schemas/problem.ts';
import { websocketWire } from '../src/streams/websocket-wire.ts';
import type { Routes } from './route.ts';

export const streamRoutes: Routes = async (app) => {
  const { streams, subscriptions } = app.services;

  app.route({
    method: 'GET',
    url: '/stream',
    exposeHeadRoute: false,
    schema: {
      tags: ['observation'],
      summary: 'netstat, ifconfig, events and logs of many containers on one WebSocket (terrarium.v1)',
      description: 'Speaks WebSocket only. The messages are in /asyncapi.json.',
      response: {
        101: { description: 'Switching Protocols: with `Upgrade: websocket` this URL streams', type: 'null' },
        426: {
          description: 'Without `Upgrade: websocket`',
          content: { 'application/problem+json': { schema: Problem } },
        },
      },
    },
    handler() {
      throw new Failure('upgrade_required', 'This URL speaks WebSocket', {
        hint: 'Send Upgrade: websocket; GET /api/v1/events streams events over HTTP too',
      });
    },
    wsHandler(socket: WebSocket, request) {
      const { principal, id: requestId, ip: address } = request;
      const wire = websocketWire(socket, request.raw.socket);
      wire.onMessage(subscriptions.open({ principal, requestId, address }, streams.connect(wire)));
    },
  });
};
