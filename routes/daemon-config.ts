// daemon.json: a file checked without an engine, and what an engine has of its settings.
import { Type } from 'typebox';
import { EngineName } from '../src/schemas/create.ts';
import {
  DaemonConfigFile,
  DaemonConfigQuery,
  DaemonConfigVerdict,
  EngineDaemonConfig,
} from '../src/schemas/daemon-config.ts';
import { Failure } from '../src/schemas/failure.ts';
import type { Routes } from './route.ts';

/** Bytes; a daemon.json of a kilobyte is a long one. */
const maxFile = 256 * 1024;

const tags = ['engines'];

export const daemonConfigRoutes: Routes = async (app) => {
  const { daemonConfigs } = app.services;
  // The file is what is checked, so its bytes are taken as they come: parsed JSON has lost what may be wrong with it.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(['application/json', 'text/plain'], { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.addContentTypeParser('*', (_request, _payload, done) =>
    done(
      new Failure('unsupported_media_type', 'The file does not come as text', {
        hint: 'Send it with "Content-Type: text/plain", or application/json',
      }),
    ),
  );

  app.post(
    '/daemon-config/check',
    {
      config: { changes: false },
      bodyLimit: maxFile,
      schema: {
        tags,
        summary: 'Would dockerd start with this daemon.json, and which docker0 results',
        description:
          'The body is the file, byte for byte; both content types are taken as raw text. Answers what dockerd does when it is started without flags, on a fresh host or beside a docker0 that is there. No engine is asked.',
        querystring: DaemonConfigQuery,
        body: {
          content: {
            'text/plain': { schema: DaemonConfigFile },
            'application/json': { schema: DaemonConfigFile },
          },
        },
        response: { 200: DaemonConfigVerdict },
      },
    },
    async ({ principal, headers, query, body }) => {
      // An empty file is one that dockerd starts with; no file at all is a mistake of who asks.
      if (headers['content-type'] === undefined)
        throw new Failure('invalid_request', 'The body is to be the text of daemon.json, and there is none', {
          hint: 'Send the file with "Content-Type: text/plain"; an empty file is a body of no bytes',
        });
      return daemonConfigs.check(principal, (body as Buffer | undefined) ?? new Uint8Array(), query);
    },
  );

  app.get(
    '/engines/:name/daemon-config',
    {
      schema: {
        tags,
        summary: "What an engine has of daemon.json's settings: docker0, where it listens, and the dangers",
        description:
          'docker0 is as the engine tells it. Who listens on the ports of Docker is looked at on the host, and whether the engine answers there is asked: from the host, and from inside a container on the default bridge.',
        params: Type.Object({ name: EngineName }),
        response: { 200: EngineDaemonConfig },
      },
    },
    async (request) => daemonConfigs.get(request.principal, request.params.name),
  );
};
