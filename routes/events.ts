// What happens to containers, namespaces, labs and engines, as it happens: on a WebSocket, as server-sent events, or as NDJSON.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { WebSocket } from 'ws';
import { chooseMediaType } from '../src/domain/http/accept.ts';
import { EventsQuery } from '../src/schemas/events.ts';
import { Failure } from '../src/schemas/failure.ts';
import { readResumePoint } from '../src/services/events/events.ts';
import { ndjsonWire } from '../src/streams/ndjson-wire.ts';
import { readLastEventId, sseWire } from '../src/streams/sse-wire.ts';
import { websocketWire } from '../src/streams/websocket-wire.ts';
import type { Wire } from '../src/streams/wire.ts';
import type { Routes } from './route.ts';

const mediaTypes = ['application/x-ndjson', 'text/event-stream'] as const;

type EventsRequest = Pick<FastifyRequest, 'headers' | 'principal'> & { readonly query: EventsQuery };

export const eventRoutes: Routes = async (app) => {
  const { events, streams } = app.services;

  function read({ headers, principal, query }: EventsRequest) {
    const lastEventId = headers['last-event-id'];
    const resume = typeof lastEventId === 'string' ? readLastEventId(lastEventId) : readResumePoint(query);
    return { stream: events.select(principal, query), resume };
  }

  function follow(request: EventsRequest, wire: Wire) {
    const { stream, resume } = read(request);
    const session = streams.connect(wire);
    events.openFeed(session).add('events', stream.selection, resume);
    return session;
  }

  app.route<{ Querystring: EventsQuery }>({
    method: 'GET',
    url: '/events',
    exposeHeadRoute: false,
    schema: {
      tags: ['observation'],
      summary: 'What happens to containers, namespaces, labs and engines; upgrades to a WebSocket (terrarium.v1)',
      description:
        'Begins with what is true now (a snapshot), or after the event that `bootId` and `seq`, or the header Last-Event-ID, name. What was missed and is not kept any more is said in a `gap`, with a snapshot after it.',
      querystring: EventsQuery,
      response: {
        200: {
          description: 'terrarium.v1 frames, one a line or one a message, as `Accept` chooses',
          content: {
            'application/x-ndjson': { schema: Type.String({ description: 'terrarium.v1 frames, one a line' }) },
            'text/event-stream': { schema: Type.String({ description: 'terrarium.v1 frames, one a message' }) },
          },
        },
      },
    },
    // Before an upgrade too: what is wrong with the question is answered over HTTP.
    async preHandler(request) {
      read(request);
    },
    handler(request, reply: FastifyReply) {
      const mediaType = chooseMediaType(request.headers.accept, mediaTypes);
      if (mediaType === null)
        throw new Failure('not_acceptable', 'Events are lines of JSON or server-sent events', {
          hint: `Accept one of ${mediaTypes.join(', ')}, or upgrade to a WebSocket`,
        });
      reply.header('cache-control', 'no-store').header('vary', 'Accept').header('x-accel-buffering', 'no');
      reply.countStream();
      const { wire, body } = mediaType === 'text/event-stream' ? sseWire(events.bootId) : ndjsonWire();
      follow(request, wire);
      return reply.type(mediaType).send(body);
    },
    wsHandler(socket: WebSocket, request) {
      const wire = websocketWire(socket, request.raw.socket);
      const session = follow(request, wire);
      wire.onMessage(() =>
        session.fail(
          new Failure('invalid_request', 'There is nothing to send on this URL: it is one subscription', {
            hint: 'Choose with the query string: engine, lab, container, scope; /api/v1/stream takes subscriptions',
          }),
        ),
      );
    },
  });
};
