// Which routes of a server were asked for, as its own OpenAPI document names them.
import type { IncomingMessage } from 'node:http';
import type { RunningApp } from './app.ts';

export interface VisitedRoutes {
  /** `GET /api/v1/containers/{id}` of every request so far. */
  visited(): Set<string>;
  /** Every URL that was asked for, with its query. */
  readonly urls: readonly string[];
  /** Every route that the server documents. */
  documented(): string[];
}

/** Notes every request and every upgrade from now on. */
export function noteRoutes({ app }: Pick<RunningApp, 'app'>): VisitedRoutes {
  const seen: { method: string; url: string }[] = [];
  const note = ({ method = '', url = '' }: IncomingMessage) => void seen.push({ method, url });
  app.server.on('request', note);
  app.server.on('upgrade', note);
  const documented = () => {
    const { paths = {} } = app.swagger() as { paths?: Record<string, Record<string, unknown>> };
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'head')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
  };
  const nameRoute = ({ method, url }: { method: string; url: string }) => {
    const path = url.replace(/\?.*/, '');
    // The one with the fewest parameters is meant: /containers/closed, not /containers/{id}.
    const fitting = documented().filter((route) => {
      const pattern = route.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{[^}]+\}/g, '[^/]+');
      return new RegExp(`^${pattern}$`).test(`${method} ${path}`);
    });
    return fitting.sort((a, b) => a.split('{').length - b.split('{').length)[0];
  };
  return {
    visited: () => new Set(seen.map(nameRoute).filter((route) => route !== undefined)),
    get urls() {
      return seen.map(({ url }) => url);
    },
    documented,
  };
}
