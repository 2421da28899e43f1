// Numbers for Prometheus. They name engines and routes, so they need the token: `authorization: { credentials }` of a scrape job.
import { authorize } from '../src/services/access.ts';
import type { Routes } from './route.ts';

export const metricsRoutes: Routes = async (app) => {
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['operations'],
        summary: 'Metrics in the text format of Prometheus',
        response: { 200: { content: { 'text/plain': { schema: { type: 'string' } } } } },
      },
    },
    async (request, reply) => {
      // They are of the whole server: who sees only what is their own has no use for them.
      authorize(request.principal, 'metrics', { kind: 'server' });
      const { type, text } = await app.metrics.print();
      return reply.type(type).serializer(String).send(text);
    },
  );
};
