// What is known of each engine, in numbers: is it there, how old is what we know, and what is on it.
import type { FastifyInstance } from 'fastify';
import { isHelper, isManaged } from '../../domain/container/managed.ts';
import { label, roles } from '../../domain/labels.ts';
import { containerStates } from '../../schemas/container.ts';
import type { Reading, Source } from './source.ts';

type Mirror = FastifyInstance['services']['catalogue']['mirrors'][number];

const states = ['connecting', 'syncing', 'live', 'stale'] as const;
const servants = [roles.helper, roles.probe, roles.rules, roles.proxies, roles.verifier];

/** Follows the states of the engines until the app closes. */
export function engineSources(app: FastifyInstance): Source[] {
  const { mirrors } = app.services.catalogue;
  const losses = new Map<Mirror, number>();
  for (const mirror of mirrors) {
    let wasStale = false;
    const stop = mirror.onStatus(({ state }) => {
      if (state === 'stale' && !wasStale) losses.set(mirror, (losses.get(mirror) ?? 0) + 1);
      wasStale = state === 'stale';
    });
    app.addHook('onClose', async () => stop());
  }

  const source = (
    name: string,
    type: Source['type'],
    help: string,
    read: (mirror: Mirror) => Iterable<Reading>,
  ): Source => ({
    name: `terrarium_engine_${name}`,
    type,
    help,
    *read() {
      for (const mirror of mirrors)
        for (const { labels, value } of read(mirror))
          yield { labels: { engine: mirror.engine.name, ...labels }, value };
    },
  });
  const one = (read: (mirror: Mirror) => number) => (mirror: Mirror) => [{ labels: {}, value: read(mirror) }];

  return [
    source(
      'live',
      'gauge',
      '1 while the engine feeds us, 0 while it is away or not synced yet',
      one((mirror) => (mirror.status().state === 'live' ? 1 : 0)),
    ),
    source('state', 'gauge', '1 for the state that the engine is in, 0 for the others', (mirror) =>
      states.map((state) => ({ labels: { state }, value: mirror.status().state === state ? 1 : 0 })),
    ),
    source(
      'age_seconds',
      'gauge',
      'Time since what we know was last known to be right, 0 while it is live',
      one((mirror) => mirror.status().ageMs / 1000),
    ),
    source(
      'losses_total',
      'counter',
      'How often the engine went away, or was found to be away at the start',
      one((mirror) => losses.get(mirror) ?? 0),
    ),
    source(
      'failures',
      'gauge',
      'Attempts to reach the engine in vain since it was last live',
      one((mirror) => mirror.status().failures),
    ),
    source(
      'clock_offset_seconds',
      'gauge',
      "The engine's clock minus ours; what expires is not removed beyond a minute",
      one((mirror) => mirror.clockOffsetMs / 1000),
    ),
    source(
      'containers',
      'gauge',
      'Containers on the engine, ours and others',
      one((mirror) => [...mirror.containers()].length),
    ),
    source('managed_containers', 'gauge', 'Containers that Terrarium manages, by state', (mirror) =>
      tally(mirror, { name: 'state', values: containerStates }, (facts) => (isOurs(facts) ? facts.state : undefined)),
    ),
    source(
      'helpers',
      'gauge',
      'Containers that look into others, of this and any other server, by what they do',
      (mirror) => tally(mirror, { name: 'role', values: servants }, (facts) => facts.labels[label.role]),
    ),
    source(
      'labs',
      'gauge',
      'Labs that have a container on the engine',
      one((mirror) => countLabs(mirror)),
    ),
    source(
      'networks',
      'gauge',
      'Networks on the engine, ours and others',
      one((mirror) => [...mirror.networks()].length),
    ),
  ];
}

type Facts = ReturnType<Mirror['containers']> extends Iterable<infer Each> ? Each : never;

const isOurs = (facts: Facts) => isManaged(facts) && !isHelper(facts);

function countLabs(mirror: Mirror): number {
  const ours = [...mirror.containers()].filter(isOurs);
  return new Set(ours.flatMap(({ labels }) => labels[label.lab] ?? [])).size;
}

/** How many have which value of a label. One that nobody has is 0, and not missing. */
function tally(
  mirror: Mirror,
  { name, values }: { readonly name: string; readonly values: readonly string[] },
  readLabel: (facts: Facts) => string | undefined,
): Reading[] {
  const counts = new Map(values.map((value) => [value, 0]));
  for (const facts of mirror.containers()) {
    const value = readLabel(facts);
    const known = value === undefined ? undefined : counts.get(value);
    if (value !== undefined && known !== undefined) counts.set(value, known + 1);
  }
  return [...counts].map(([value, count]) => ({ labels: { [name]: value }, value: count }));
}
