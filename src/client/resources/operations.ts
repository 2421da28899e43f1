// The server itself: is it there, is it ready, what does it speak.
import type { Readiness } from '../../schemas/engine.ts';
import type { CallOptions, Http } from '../http.ts';

export interface Operations {
  health(options?: CallOptions): Promise<{ status: 'ok' }>;
  /** Waits a little for a server that is starting; fails with 503 where its engines are not known yet. */
  readiness(options?: CallOptions): Promise<Readiness>;
  /** In the text format of Prometheus. */
  metrics(options?: CallOptions): Promise<string>;
  openapi(options?: CallOptions): Promise<Record<string, unknown>>;
  asyncapi(options?: CallOptions): Promise<Record<string, unknown>>;
}

export function operations(http: Http): Operations {
  const get = <Answer>(path: string, { signal }: CallOptions = {}) =>
    http.json<Answer>({ method: 'GET', path, signal });
  return {
    health: (options) => get('/healthz', options),
    readiness: (options) => get('/readyz', options),
    metrics: ({ signal } = {}) => http.text({ method: 'GET', path: '/metrics', signal }),
    openapi: (options) => get('/openapi.json', options),
    asyncapi: (options) => get('/asyncapi.json', options),
  };
}
