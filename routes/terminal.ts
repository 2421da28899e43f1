// The terminal of a container: one WebSocket is one session, of a shell of its own or of the container's main process.
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { WebSocket } from 'ws';
import { Failure } from '../src/schemas/failure.ts';
import { Problem } from '../src/schemas/problem.ts';
import { TerminalQuery, terminalSize } from '../src/schemas/terminal.ts';
import type { TerminalCall } from '../src/services/terminal/terminal.ts';
import { terminalWire } from '../src/streams/terminal-wire.ts';
import type { Routes } from './route.ts';

const params = Type.Object({ id: Type.String({ description: 'Full id, exact name, or unique prefix of the id' }) });

type TerminalRequest = Pick<FastifyRequest, 'principal'> & {
  readonly params: { readonly id: string };
  readonly query: TerminalQuery;
};

export const terminalRoutes: Routes = async (app) => {
  const { terminals } = app.services;
  app.addHook('preClose', async () => terminals.interrupt());

  const read = ({ principal, params: { id }, query }: TerminalRequest): TerminalCall => ({
    principal,
    container: id,
    engine: query.engine,
    command: query.command,
    attach: query.attach,
    size: { cols: query.cols ?? terminalSize.cols, rows: query.rows ?? terminalSize.rows },
  });

  app.route({
    method: 'GET',
    url: '/containers/:id/terminal',
    exposeHeadRoute: false,
    schema: {
      tags: ['containers'],
      summary: 'A terminal, on a WebSocket: a shell in it (`docker exec -it`), or its main process (`docker run -it`)',
      description:
        'Binary frames are bytes of the terminal, both ways. Text frames of the client: `{ "type": "resize", "cols", "rows" }`, `{ "type": "pause" }` and `{ "type": "resume" }` (of the output). Text frames of the server, before it closes: `{ "type": "exit", "exitCode" }`, or `{ "type": "error", "code", "detail", "hint" }`. A shell ends with its WebSocket, and with the server. Without `cols` and `rows` it has 80 and 24.',
      params,
      querystring: TerminalQuery,
      response: {
        101: {
          description: 'Switching Protocols: with `Upgrade: websocket` this URL is a terminal, as described above',
          type: 'null',
        },
        426: {
          description: 'Without `Upgrade: websocket`: a terminal is spoken over a WebSocket',
          content: { 'application/problem+json': { schema: Problem } },
        },
      },
    },
    /** What is wrong with the question is answered over HTTP, before an upgrade. */
    preHandler: async (request: TerminalRequest) => terminals.check(read(request)),
    handler: async () => {
      throw new Failure('upgrade_required', 'A terminal is spoken over a WebSocket', {
        hint: 'Connect with a WebSocket client; to run one command and read what it says: POST /api/v1/containers/{id}/exec',
      });
    },
    wsHandler(socket: WebSocket, request) {
      app.audit.record(request, 'done');
      terminals.connect(read(request as TerminalRequest), terminalWire(socket));
    },
  });
};
