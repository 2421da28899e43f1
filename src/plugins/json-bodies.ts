// Bodies are JSON and nothing else; a body where none belongs is refused like any unknown input.
import type { FastifyInstance } from 'fastify';
import { Failure } from '../schemas/failure.ts';

export function jsonBodies(app: FastifyInstance): void {
  // `text/plain` is what a page may send without asking.
  app.removeAllContentTypeParsers();
  // Members named __proto__ or constructor.prototype are refused by Fastify's own parser.
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Clients that always name the type of a body send it where there is none, too.
    if (body === '') return done(null, undefined);
    parse(request, body as string, (error, value) =>
      done(
        error === null
          ? null
          : new Failure('invalid_request', 'The body is not valid JSON', {
              cause: error,
              hint: describeSyntax(body as string),
            }),
        value,
      ),
    );
  });

  app.addHook('preValidation', (request, _reply, done) => {
    const { body, routeOptions } = request;
    if (body === undefined || body === null || routeOptions.schema?.body !== undefined || request.is404) return done();
    if (typeof body === 'object' && Object.keys(body).length === 0) return done();
    done(
      new Failure('invalid_request', 'This request takes no body', {
        hint: 'Parameters of this route are part of its URL',
      }),
    );
  });
}

/** Where the parser stumbled. Its own words would repeat a piece of the body. */
function describeSyntax(body: string): string {
  try {
    JSON.parse(body);
    return 'Members named __proto__ or constructor.prototype are not allowed';
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    return position === undefined ? 'It ends too early' : `The mistake is at character ${Number(position) + 1}`;
  }
}
