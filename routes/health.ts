// Is the process alive, and is it ready? Both are open: they tell nothing about containers.
import { Type } from 'typebox';
import { Readiness } from '../src/schemas/engine.ts';
import type { Routes } from './route.ts';

export const healthRoutes: Routes = async (app) => {
  app.get(
    '/healthz',
    {
      config: { access: 'open' },
      schema: {
        tags: ['operations'],
        summary: 'Is the process alive?',
        response: { 200: Type.Object({ status: Type.Literal('ok') }) },
      },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      config: { access: 'open' },
      schema: {
        tags: ['operations'],
        summary: 'Was every engine synced, or is it known to be away?',
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (_request, reply) => {
      const engines = app.services.catalogue.mirrors.map((mirror) => ({
        name: mirror.engine.name,
        ...mirror.status(),
      }));
      const ready = engines.every((engine) => engine.settled);
      return reply.status(ready ? 200 : 503).send({ ready, engines });
    },
  );
};
