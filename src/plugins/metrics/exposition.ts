// Prints what was counted in the text format of Prometheus. Loaded when somebody first asks: prom-client and what it brings cost memory that a server
// without a scraper need not spend.
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import type { RequestTimes } from './request-times.ts';
import type { Source } from './source.ts';

/** Answers the text and its media type, each time anew. */
export function createExposition(
  requests: RequestTimes,
  sources: readonly Source[],
): () => Promise<{ type: string; text: string }> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const name = 'terrarium_http_request_seconds';
  const help = 'Time from request to answer, by route';
  register(registry, { name, help, type: 'histogram', values: () => requests.values(name) });
  for (const { name, help, type, read } of sources) register(registry, { name, help, type, values: read });
  return async () => ({ type: registry.contentType, text: await registry.metrics() });
}

/** A metric to prom-client is what has a name and can be asked for its values. */
function register(
  registry: Registry,
  {
    values,
    ...about
  }: { readonly name: string; readonly help: string; readonly type: string; readonly values: () => Iterable<object> },
): void {
  const get = async () => ({ ...about, values: [...values()], aggregator: 'sum' });
  registry.registerMetric({ ...about, get } as unknown as Metric);
}
