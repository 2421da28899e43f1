// Remembers every route that is registered, in order: the OpenAPI document and the tests are held against it.
import type { FastifyInstance } from 'fastify';

export interface RouteEntry {
  readonly method: string;
  /** As registered, with `:parameters`. */
  readonly url: string;
  readonly open: boolean;
  /** A file of the page, no part of the API. */
  readonly hidden: boolean;
  readonly websocket: boolean;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly routeTable: readonly RouteEntry[];
  }
}

export function routeTable(app: FastifyInstance): void {
  const entries: RouteEntry[] = [];
  app.decorate('routeTable', entries);
  app.addHook('onRoute', (route) => {
    for (const method of [route.method].flat())
      entries.push({
        method,
        url: route.url,
        open: route.config?.access === 'open',
        hidden: (route.schema as { hide?: boolean } | undefined)?.hide === true,
        websocket: route.websocket === true || route.wsHandler !== undefined,
      });
  });
}
