// Numbers for Prometheus: the process, HTTP by route, the engines, and whatever a route plugin adds through `app.metrics`.
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

declare module 'fastify' {
  interface FastifyInstance {
    readonly metrics: Metrics;
  }
}

/** How others add a number: read when Prometheus asks, never pushed. */
export interface Metrics {
  /** `name` in snake_case with its unit, without the prefix `terrarium_`; `help` one sentence. */
  gauge(name: string, help: string, read: () => number): void;
  readonly contentType: string;
  /** The text that `GET /metrics` answers. */
  print(): Promise<string>;
}

export function metrics(app: FastifyInstance): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'terrarium_http_request_seconds',
    help: 'Time from request to answer, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  measureEngines(app, registry);

  app.decorate('metrics', {
    gauge(name, help, read) {
      new Gauge({
        name: `terrarium_${name}`,
        help,
        registers: [registry],
        collect() {
          this.set(read());
        },
      });
    },
    contentType: registry.contentType,
    print: () => registry.metrics(),
  } satisfies Metrics);

  app.addHook('onResponse', (request, reply, done) => {
    // The template, not the URL: a label for every container would never end.
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode };
    requests.observe(labels, reply.elapsedTime / 1000);
    done();
  });
}

function measureEngines(app: FastifyInstance, registry: Registry): void {
  const { mirrors } = app.services.catalogue;
  const gauge = (name: string, help: string, read: (mirror: (typeof mirrors)[number]) => number) => {
    new Gauge({
      name: `terrarium_engine_${name}`,
      help,
      labelNames: ['engine'],
      registers: [registry],
      collect() {
        for (const mirror of mirrors) this.set({ engine: mirror.engine.name }, read(mirror));
      },
    });
  };
  gauge('live', '1 while the engine feeds us, 0 while it is away or not synced yet', (mirror) =>
    mirror.status().state === 'live' ? 1 : 0,
  );
  gauge(
    'age_seconds',
    'Seconds since what we know was last known to be right',
    (mirror) => mirror.status().ageMs / 1000,
  );
  gauge('containers', 'Containers on the engine, ours and others', (mirror) => [...mirror.containers()].length);
}
