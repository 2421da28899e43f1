// Numbers for Prometheus. They name engines and routes, so they need the token: `authorization: { credentials }` of a scrape job.
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
    async (_request, reply) => {
      const { type, text } = await app.metrics.print();
      return reply.type(type).serializer(String).send(text);
    },
  );
};
