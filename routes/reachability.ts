// Who reaches whom: the matrix, predicted, and proved by real connections where that is asked for.
import { Type } from 'typebox';
import { chooseMediaType } from '../src/domain/http/accept.ts';
import { EngineName } from '../src/schemas/create.ts';
import { Failure } from '../src/schemas/failure.ts';
import { Reachability, VerificationProgress } from '../src/schemas/verification.ts';
import { signalDeparture } from './departure.ts';
import { sendLines } from './line-stream.ts';
import { tellProgress } from './progress.ts';
import type { Routes } from './route.ts';

const mediaTypes = ['application/json', 'application/x-ndjson'] as const;

export const reachabilityRoutes: Routes = async (app) => {
  const { reachability } = app.services;

  app.get(
    '/reachability',
    {
      schema: {
        tags: ['reachability'],
        summary: 'Who reaches whom, through which port, and if not, why not; with real connections if asked',
        description:
          'Every ordered pair of containers and hosts, on all engines or on the one that is named. `verify=true` opens TCP connections from inside the namespaces of managed containers and of the host; each consumes one accept of the program that listens, and sends nothing. `Accept: application/x-ndjson` tells its progress, a line at a time; the last line is the answer, or `{ "error": problem }`.',
        querystring: Type.Object({
          engine: Type.Optional(EngineName),
          lab: Type.Optional(Type.String({ minLength: 1, maxLength: 63, description: 'Only its containers' })),
          scope: Type.Optional(
            Type.Unsafe<'managed' | 'all'>({
              type: 'string',
              enum: ['managed', 'all'],
              description: '`managed` (the default): what Terrarium made; `all` is a right',
            }),
          ),
          verify: Type.Optional(Type.Boolean({ default: false })),
        }),
        response: {
          200: {
            description: 'The matrix, or the progress and then the matrix',
            content: {
              'application/json': { schema: Reachability },
              'application/x-ndjson': { schema: Type.Union([VerificationProgress, Reachability]) },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { verify = false, ...query } = request.query;
      const { principal } = request;
      const mediaType = chooseMediaType(request.headers.accept, mediaTypes);
      if (mediaType === null)
        throw new Failure('not_acceptable', 'Reachability is told in JSON, or in lines of JSON', {
          hint: `Accept one of ${mediaTypes.join(', ')}`,
        });
      reply.header('cache-control', 'no-store').header('vary', 'Accept');
      if (!verify) {
        const answer = await reachability.predict({ principal, query });
        return mediaType === 'application/json' ? reply.send(answer) : sendLines(reply, once(answer));
      }
      const call = { principal, query, signal: signalDeparture(reply) };
      if (mediaType === 'application/json') return reply.send(await reachability.verify(call));
      return sendLines(
        reply,
        tellProgress((tell) => reachability.verify({ ...call, onProgress: (progress) => tell({ progress }) })),
      );
    },
  );
};

async function* once(answer: Reachability): AsyncGenerator<readonly Reachability[]> {
  yield [answer];
}
