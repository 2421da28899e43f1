// Numbers for Prometheus: the process, HTTP by route, refusals by code, the engines, the streams, and whatever a route plugin adds through `app.metrics`.
import type { FastifyInstance } from 'fastify';
import { engineSources } from './engine-sources.ts';
import { RequestTimes } from './request-times.ts';
import { serverSources } from './server-sources.ts';
import type { Source } from './source.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly metrics: Metrics;
  }
}

/** How others add a number. `name` without the prefix `terrarium_`; before the server is ready. */
export interface Metrics {
  /** What is so now. */
  gauge(name: string, help: string, read: () => number): void;
  /** What only grows while the server runs: its name ends in `_total`. */
  counter(name: string, help: string, read: () => number): void;
  /** What `GET /metrics` answers. */
  print(): Promise<{ type: string; text: string }>;
}

export function metrics(app: FastifyInstance): void {
  const requests = new RequestTimes();
  const refusals = new Map<string, number>();
  const sources: Source[] = [...serverSources(app.services, refusals), ...engineSources(app)];
  let exposition: Promise<Metrics['print']> | undefined;
  const add = (type: Source['type']) => (name: string, help: string, read: () => number) => {
    sources.push({ name: `terrarium_${name}`, type, help, read: () => [{ labels: {}, value: read() }] });
  };

  app.decorate('metrics', {
    gauge: add('gauge'),
    counter: add('counter'),
    async print() {
      exposition ??= import('./exposition.ts').then(({ createExposition }) => createExposition(requests, sources));
      const print = await exposition;
      return print();
    },
  } satisfies Metrics);

  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    const { failureCode } = reply;
    if (failureCode !== null) refusals.set(failureCode, (refusals.get(failureCode) ?? 0) + 1);
    done();
  });
}
