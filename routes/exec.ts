// Commands in a container, run to their end.
import { Type } from 'typebox';
import { ExecRequest, ExecResult } from '../src/schemas/exec.ts';
import { signalDeparture } from './departure.ts';
import type { Routes } from './route.ts';

export const execRoutes: Routes = async (app) => {
  const { exec } = app.services;
  app.addHook('preClose', async () => exec.interrupt());

  app.post(
    '/containers/:id/exec',
    {
      schema: {
        tags: ['containers'],
        summary: 'Run a command in a container and answer when it has ended',
        description:
          'At the time-out, and when the client leaves, the command and its children are killed. Their environment has TERRARIUM_EXEC, by which they are found.',
        params: Type.Object({ id: Type.String({ description: 'Full id, exact name, or unique prefix of the id' }) }),
        querystring: Type.Object({
          engine: Type.Optional(
            Type.String({ description: 'Name of the engine, where several have such a container' }),
          ),
        }),
        body: ExecRequest,
        response: { 200: ExecResult },
      },
    },
    async (request, reply) =>
      exec.run({
        principal: request.principal,
        container: request.params.id,
        engine: request.query.engine,
        request: request.body,
        signal: signalDeparture(reply),
      }),
  );
};
