// Images: listed, and pulled with progress.
import { Type } from 'typebox';
import { chooseMediaType } from '../src/domain/http/accept.ts';
import { EngineName } from '../src/schemas/create.ts';
import { Failure } from '../src/schemas/failure.ts';
import { Image, PullDone, PullRequest, PullStep } from '../src/schemas/images.ts';
import { signalDeparture } from './departure.ts';
import { sendLines } from './line-stream.ts';
import type { Routes } from './route.ts';

const tags = ['images'];
const onEngine = Type.Object({ engine: Type.Optional(EngineName) });
const mediaTypes = ['application/x-ndjson', 'application/json'] as const;

export const imageRoutes: Routes = async (app) => {
  const { images } = app.services;
  app.addHook('preClose', async () => images.interrupt());

  app.get(
    '/images',
    {
      schema: {
        tags,
        summary: 'List the images of an engine, or of all',
        querystring: onEngine,
        response: { 200: Type.Array(Image) },
      },
    },
    async (request) => images.list(request.principal, request.query.engine),
  );

  app.post(
    '/images/pull',
    {
      schema: {
        tags,
        summary: 'Pull an image from a registry that is allowed',
        description:
          'Lines of JSON tell the progress; the last is `{ "done": true, "image": … }` or `{ "error": problem }`. `Accept: application/json` gives the image when it is there.',
        querystring: onEngine,
        body: PullRequest,
        response: {
          200: {
            description: 'The progress as it comes, or the image in the end',
            content: {
              'application/x-ndjson': { schema: Type.Union([PullStep, PullDone]) },
              'application/json': { schema: Image },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const mediaType = chooseMediaType(request.headers.accept, mediaTypes);
      if (mediaType === null) {
        throw new Failure('not_acceptable', 'A pull is told in lines of JSON, or in JSON in the end', {
          hint: `Accept one of ${mediaTypes.join(', ')}`,
        });
      }
      const call = {
        principal: request.principal,
        image: request.body.image,
        engine: images.engine(request.query.engine),
        signal: signalDeparture(reply),
      };
      reply.header('cache-control', 'no-store').header('vary', 'Accept');
      if (mediaType === 'application/json') return reply.send(await images.supply(call));
      return sendLines(reply, await images.pull(call));
    },
  );
};
