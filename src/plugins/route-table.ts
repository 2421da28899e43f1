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

/** What there is near a URL where there is nothing: the same URL by other methods, and what one more part would lead to. As `GET /path/{id}`. */
export function findNeighbours(table: readonly RouteEntry[], method: string, path: string): string[] {
  const parts = path.split('/');
  const isNear = (route: RouteEntry) => {
    const own = route.url.split('/');
    const isLonger = own.length === parts.length + 1;
    if (route.hidden || route.method === 'HEAD' || (isLonger ? route.method !== method : own.length !== parts.length))
      return false;
    return parts.every((part, index) => own[index] === part || (own[index]?.startsWith(':') === true && part !== ''));
  };
  return table.filter(isNear).map((route) => `${route.method} ${route.url.replaceAll(/:(\w+)/g, '{$1}')}`);
}
