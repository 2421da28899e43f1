// A route of the API that says nothing of a query string takes none: a misspelled parameter is told, never dropped.
import type { FastifyInstance } from 'fastify';

const nothing = { type: 'object', properties: {}, additionalProperties: false };

export function strictQueries(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api/') && route.schema?.querystring === undefined)
      route.schema = { ...route.schema, querystring: nothing };
  });
}
