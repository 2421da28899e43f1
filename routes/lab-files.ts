// What takes a lab file: the plan, and the apply. The file is read as text, YAML or JSON alike, so that an error knows its line and column.
import { Type } from 'typebox';
import { chooseMediaType } from '../src/domain/http/accept.ts';
import { compileValidator } from '../src/plugins/validation/compilers.ts';
import { EngineName, LabName } from '../src/schemas/create.ts';
import { Failure } from '../src/schemas/failure.ts';
import { LabFile } from '../src/schemas/lab.ts';
import { LabApplied, LabHeartbeat, LabPlanView, LabProgress } from '../src/schemas/lab-view.ts';
import type { Principal } from '../src/services/access.ts';
import { signalDeparture } from './departure.ts';
import { sendLines } from './line-stream.ts';
import { openProgress } from './progress-lines.ts';
import type { Routes } from './route.ts';

const tags = ['labs'];
const fileTypes = ['application/yaml', 'text/yaml', 'application/x-yaml', 'application/json'];
const answerTypes = ['application/json', 'application/x-ndjson'] as const;

const body = { content: Object.fromEntries(fileTypes.map((type) => [type, { schema: LabFile }])) };
const params = Type.Object({ name: LabName });
const querystring = Type.Object({
  engine: Type.Optional(EngineName),
  as: Type.Optional(
    Type.String({
      pattern: '^[a-z0-9][a-z0-9_-]*$',
      maxLength: 32,
      description: 'For whom: the lab NAME.WHO, which has nothing in common with others made from the file',
    }),
  ),
  instances: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      description: 'So many times, numbered from 1: names are LAB-NUMBER-NAME',
    }),
  ),
});

export const labFileRoutes: Routes = async (app) => {
  const { labs } = app.services;
  app.addHook('preClose', async () => labs.interrupt());
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser(fileTypes, { parseAs: 'string' }, (_request, text, done) => done(null, text));
  // The schema of the body is for the document: the service reads the text, and says where it is wrong.
  app.setValidatorCompiler((route) => (route.httpPart === 'body' ? (value) => ({ value }) : compileValidator(route)));

  app.post(
    '/labs/:name/plan',
    {
      config: { changes: false },
      schema: {
        tags,
        summary: 'What an apply of this file would do',
        description: 'Changes nothing. Every step says why it is taken; `conflicts` say what stands in the way.',
        params,
        querystring,
        body,
        response: { 200: LabPlanView },
      },
    },
    async (request) => labs.plan(readCall(request)),
  );

  app.put(
    '/labs/:name',
    {
      schema: {
        tags,
        summary: 'Make the lab what this file says',
        description:
          'Only what is not as described is touched; the same file again changes nothing. What was made is removed again when it fails, or when the client leaves. `Accept: application/x-ndjson` tells the progress in lines; the last is `{ "done": true, … }` or `{ "error": problem }`.',
        params,
        querystring,
        body,
        response: {
          200: {
            description: 'The lab, or the progress as it comes',
            content: {
              'application/json': { schema: LabApplied },
              'application/x-ndjson': { schema: Type.Union([LabProgress, LabHeartbeat, LabApplied]) },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const mediaType = chooseMediaType(request.headers.accept, answerTypes);
      if (mediaType === null) throw notAcceptable();
      const call = readCall(request);
      const signal = signalDeparture(reply);
      reply.header('cache-control', 'no-store').header('vary', 'Accept');
      if (mediaType === 'application/json') return reply.send(await labs.apply(call, { signal, tell: () => {} }));
      return sendLines(reply, await openProgress((tell) => labs.apply(call, { signal, tell }), labs.heartbeatMs));
    },
  );
};

/** A change is told at once, or line by line. */
export function notAcceptable(): Failure {
  return new Failure('not_acceptable', 'A change of a lab is told in JSON, or in lines of it while it goes on', {
    hint: `Accept one of ${answerTypes.join(', ')}`,
  });
}

function readCall({
  principal,
  params,
  query,
  body,
}: {
  readonly principal: Principal;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}) {
  if (typeof body !== 'string' || body === '')
    throw new Failure('invalid_request', 'A lab file is required', {
      hint: 'Send it with Content-Type: application/yaml, or application/json',
    });
  const { name } = params as { name: string };
  return { ...(query as { engine?: string; as?: string; instances?: number }), principal, name, text: body };
}
