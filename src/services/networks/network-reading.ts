// Lists and gets, from the mirrors alone: no call to an engine, and no encoding of what was encoded before.
import { showNetwork } from '../../domain/network/network-view.ts';
import type { Network } from '../../schemas/network.ts';
import { authorize, maySee, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import { createEncodedAnswers } from '../containers/encoded-answers.ts';
import { ageOf, type MirroredAnswer } from '../containers/reading.ts';
import { isStale } from '../containers/views.ts';
import type { SeenInodes } from '../seen-inodes.ts';
import { spellSight } from '../sight.ts';
import { findNetwork, identify, type LocatedNetwork, locate, type Sighting } from './network-finder.ts';

/** Filters of a list; all of them have to fit. */
export interface NetworkQuery {
  readonly driver?: string;
  readonly lab?: string;
  /** `all` (the default): every network of the engine. `managed`: what Terrarium made. */
  readonly scope?: 'managed' | 'all';
  readonly engine?: string;
}

export interface NetworkReading {
  list(principal: Principal, query: NetworkQuery): MirroredAnswer;
  get(principal: Principal, ref: string, engine?: string): MirroredAnswer;
}

/** As the API shows it to `principal`, from what the mirror holds now. */
export function showLocated(principal: Principal, { mirror, facts, sightings }: LocatedNetwork): Network {
  return showNetwork(facts, {
    engine: mirror.engine.name,
    stale: sightings.some((sighting) => isStale(sighting.mirror)),
    places: sightings.map((sighting) => ({
      engine: sighting.mirror.engine.name,
      containers: [...sighting.mirror.containers()].filter((one) =>
        maySee(principal, { kind: 'container', facts: one }),
      ),
    })),
  });
}

export function createNetworkReading(catalogue: Catalogue, inodes: SeenInodes): NetworkReading {
  const answers = createEncodedAnswers([inodes, ...catalogue.mirrors]);
  return {
    list(principal, { driver, lab, scope = 'all', engine }) {
      const mirrors = engine === undefined ? catalogue.mirrors : [catalogue.mirror(engine)];
      for (const mirror of mirrors) authorize(principal, 'list', { kind: 'engine', name: mirror.engine.name });
      const key = ['networks', driver ?? '', lab ?? '', scope, engine ?? '', spellSight(principal)].join(' ');
      const encoded = answers.encode(key, () =>
        distinct(mirrors.flatMap((mirror) => [...mirror.networks()].map((facts) => ({ mirror, facts }))))
          .filter(({ facts }) => maySee(principal, { kind: 'network', facts }))
          .map((sighting) => showLocated(principal, locate(catalogue, sighting)))
          .filter((one) => driver === undefined || one.driver === driver)
          .filter((one) => lab === undefined || one.lab === lab)
          .filter((one) => scope === 'all' || one.managed)
          .sort(byName),
      );
      return { ...encoded, ageMs: ageOf(mirrors) };
    },

    get(principal, ref, engine) {
      const located = findNetwork(catalogue, principal, ref, engine);
      const { mirror, facts } = located;
      authorize(principal, 'get', { kind: 'network', facts });
      const encoded = answers.encode(`network ${mirror.engine.name} ${facts.id} ${spellSight(principal)}`, () =>
        showLocated(principal, located),
      );
      return { ...encoded, ageMs: ageOf([mirror]) };
    },
  };
}

/** A network of a swarm is listed once. */
function distinct(sightings: readonly Sighting[]): Sighting[] {
  return [...new Map(sightings.map((one) => [identify(one), one])).values()];
}

function byName(one: Network, other: Network): number {
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return one.engine < other.engine ? -1 : 1;
}
