// A container's log: as text, or as lines of JSON; read once, or followed.
import { Type } from 'typebox';
import { chooseMediaType } from '../src/domain/http/accept.ts';
import { Failure } from '../src/schemas/failure.ts';
import { LogLine, LogsQuery } from '../src/schemas/logs.ts';
import { signalDeparture } from './departure.ts';
import { sendLines, sendPieces } from './line-stream.ts';
import type { Routes } from './route.ts';

const mediaTypes = ['text/plain', 'application/x-ndjson'] as const;

export const logsRoutes: Routes = async (app) => {
  const { logs } = app.services;
  app.addHook('preClose', async () => logs.interrupt());

  app.get(
    '/containers/:id/logs',
    {
      schema: {
        tags: ['containers'],
        summary: 'What a container has written to its outputs',
        description:
          'Text is what it wrote, stdout and stderr in the order of the log, with escape sequences and whatever else the engine kept. `Accept: application/x-ndjson` gives a line of JSON for each line, with its output and time.',
        params: Type.Object({ id: Type.String({ description: 'Full id, exact name, or unique prefix of the id' }) }),
        querystring: LogsQuery,
        response: {
          200: {
            description: 'The log; with `follow` it goes on until the container is removed',
            content: {
              'text/plain': { schema: Type.String() },
              'application/x-ndjson': { schema: LogLine },
            },
          },
        },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store').header('vary', 'Accept').header('x-content-type-options', 'nosniff');
      const mediaType = chooseMediaType(request.headers.accept, mediaTypes);
      if (mediaType === null) {
        throw new Failure('not_acceptable', 'A log is text or lines of JSON', {
          hint: `Accept one of ${mediaTypes.join(', ')}`,
        });
      }
      const { principal, params, query } = request;
      const call = { principal, container: params.id, query, signal: signalDeparture(reply) };
      if (query.follow === true) reply.countStream();
      if (mediaType === 'application/x-ndjson') return sendLines(reply, await logs.readLines(call));
      return sendPieces(reply.type('text/plain; charset=utf-8'), await logs.readText(call));
    },
  );
};
