// Numbers for Prometheus: the process, HTTP by route, the engines, and whatever a route plugin adds through `app.metrics`.
import type { FastifyInstance } from 'fastify';
import type { GaugeSource } from './exposition.ts';
import { RequestTimes } from './request-times.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly metrics: Metrics;
  }
}

/** How others add a number: read when Prometheus asks, never pushed. */
export interface Metrics {
  /** `name` in snake_case with its unit, without the prefix `terrarium_`; `help` one sentence. Before the server is ready. */
  gauge(name: string, help: string, read: () => number): void;
  /** What `GET /metrics` answers. */
  print(): Promise<{ type: string; text: string }>;
}

export function metrics(app: FastifyInstance): void {
  const requests = new RequestTimes();
  const gauges: GaugeSource[] = engineGauges(app);
  let exposition: Promise<Metrics['print']> | undefined;

  app.decorate('metrics', {
    gauge(name, help, read) {
      gauges.push({
        name: `terrarium_${name}`,
        help,
        labelNames: [],
        read: () => [{ labels: {}, value: read() }],
      });
    },
    async print() {
      exposition ??= import('./exposition.ts').then(({ createExposition }) => createExposition(requests, gauges));
      const print = await exposition;
      return print();
    },
  } satisfies Metrics);

  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
}

function engineGauges(app: FastifyInstance): GaugeSource[] {
  const { mirrors } = app.services.catalogue;
  const gauge = (name: string, help: string, read: (mirror: (typeof mirrors)[number]) => number): GaugeSource => ({
    name: `terrarium_engine_${name}`,
    help,
    labelNames: ['engine'],
    read: () => mirrors.map((mirror) => ({ labels: { engine: mirror.engine.name }, value: read(mirror) })),
  });
  return [
    gauge('live', '1 while the engine feeds us, 0 while it is away or not synced yet', (mirror) =>
      mirror.status().state === 'live' ? 1 : 0,
    ),
    gauge(
      'age_seconds',
      'Seconds since what we know was last known to be right',
      (mirror) => mirror.status().ageMs / 1000,
    ),
    gauge('containers', 'Containers on the engine, ours and others', (mirror) => [...mirror.containers()].length),
  ];
}
