// Prints what was counted in the text format of Prometheus. Loaded when somebody first asks: prom-client and what it brings cost memory that a server
// without a scraper need not spend.
import { collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import type { RequestTimes } from './request-times.ts';

/** A number that is read when Prometheus asks. Without labels `read` yields one value. */
export interface GaugeSource {
  /** Complete, in snake_case, with its unit. */
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly read: () => Iterable<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }>;
}

/** Answers the text and its media type, each time anew. */
export function createExposition(
  requests: RequestTimes,
  gauges: readonly GaugeSource[],
): () => Promise<{ type: string; text: string }> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const name = 'terrarium_http_request_seconds';
  const help = 'Time from request to answer, by route';
  // A metric to prom-client is what has a name and can be asked for its values.
  registry.registerMetric({
    name,
    help,
    type: 'histogram',
    get: async () => ({ name, help, type: 'histogram', values: [...requests.values(name)], aggregator: 'sum' }),
  } as unknown as Metric);
  for (const source of gauges)
    new Gauge({
      name: source.name,
      help: source.help,
      labelNames: source.labelNames,
      registers: [registry],
      collect() {
        for (const { labels, value } of source.read()) this.set({ ...labels }, value);
      },
    });
  return async () => ({ type: registry.contentType, text: await registry.metrics() });
}
