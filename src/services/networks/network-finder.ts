// Finds networks by what a user wrote: full id, else exact name, else unique prefix of an id, on one engine or on all. Reads the mirrors only. A network
// of a swarm is one network, however many of its engines show it.
import type { NetworkFacts } from '../../domain/container/facts.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import { maySee, OutOfSight, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import { findMates } from '../swarms.ts';

/** A network as an engine shows it. */
export interface Sighting {
  readonly mirror: EngineMirror;
  readonly facts: NetworkFacts;
}

/** A network: as the engine shows it that knows most of it, and wherever else it is seen. */
export interface LocatedNetwork extends Sighting {
  /** All of them, this one first. */
  readonly sightings: readonly Sighting[];
}

type Matcher = (facts: NetworkFacts, ref: string) => boolean;

const matchers: readonly Matcher[] = [
  ({ id }, ref) => id === ref,
  ({ name }, ref) => name === ref,
  ({ id }, ref) => /^[0-9a-z]+$/.test(ref) && id.startsWith(ref),
];

/**
 * Among what `principal` may see. Fails with `network_not_found`, or `ambiguous` naming the engines or ids that fit. An engine of a swarm shows a network of it only once it is used
 * there: with `engine` those count too that it could use.
 */
export function findNetwork(catalogue: Catalogue, principal: Principal, ref: string, engine?: string): LocatedNetwork {
  let isHidden = false;
  const isSeen = ({ facts }: Sighting): boolean => {
    const seen = maySee(principal, { kind: 'network', facts });
    isHidden ||= !seen;
    return seen;
  };
  const { mirrors } = catalogue;
  const searched = engine === undefined ? mirrors : [catalogue.mirror(engine)];
  const mates = engine === undefined ? [] : findMates(mirrors, catalogue.mirror(engine));
  for (const matches of matchers) {
    const own = searched.flatMap((mirror) => match(mirror, (facts) => matches(facts, ref))).filter(isSeen);
    const found =
      own.length > 0
        ? own
        : mates.flatMap((mirror) => match(mirror, (facts) => isOfSwarm(facts) && matches(facts, ref))).filter(isSeen);
    const distinct = [...new Map(found.map((one) => [identify(one), one])).values()];
    if (distinct.length === 1 && distinct[0] !== undefined) return locate(catalogue, distinct[0]);
    if (distinct.length > 1) throw ambiguous(ref, distinct);
  }
  throw new Failure('network_not_found', `There is no network "${ref}"`, {
    hint: 'GET /api/v1/networks lists every one.',
    ...(searched.some((one) => one.status().state === 'stale') ? { extra: { stale: true } } : {}),
    ...(isHidden ? { cause: new OutOfSight() } : {}),
  });
}

/** Wherever it is seen. */
export function locate({ mirrors }: Pick<Catalogue, 'mirrors'>, sighting: Sighting): LocatedNetwork {
  if (!isOfSwarm(sighting.facts)) return { ...sighting, sightings: [sighting] };
  const { id } = sighting.facts;
  const sightings = findMates(mirrors, sighting.mirror).flatMap((mirror) => match(mirror, (facts) => facts.id === id));
  const [first = sighting] = sightings;
  return { ...first, sightings };
}

/**
 * The network of that exact name or id that containers of an engine can be on: its own, or one of its swarm. A worker shows those only once they are used
 * there, and takes containers onto any that its managers have.
 */
export function findUsable(
  { mirrors }: Pick<Catalogue, 'mirrors'>,
  mirror: EngineMirror,
  nameOrId: string,
): NetworkFacts | undefined {
  const own = mirror.network(nameOrId);
  if (own !== undefined) return own;
  for (const mate of findMates(mirrors, mirror)) {
    const found = mate.network(nameOrId);
    if (found !== undefined && isOfSwarm(found)) return found;
  }
  return undefined;
}

/** One that spans engines: made by a manager of a swarm, for all its nodes. */
export function isOfSwarm({ scope }: NetworkFacts): boolean {
  return scope === 'swarm';
}

/** The same for two sightings of one network. */
export function identify({ mirror, facts }: Sighting): string {
  return isOfSwarm(facts) ? facts.id : `${mirror.engine.name} ${facts.id}`;
}

function match(mirror: EngineMirror, fits: (facts: NetworkFacts) => boolean): Sighting[] {
  return [...mirror.networks()].filter(fits).map((facts) => ({ mirror, facts }));
}

function ambiguous(ref: string, found: readonly Sighting[]): Failure {
  const engines = [...new Set(found.map(({ mirror }) => mirror.engine.name))];
  const onEngines = engines.length > 1;
  return new Failure(
    'ambiguous',
    onEngines
      ? `"${ref}" fits networks on several engines: ${engines.join(', ')}`
      : `"${ref}" fits ${found.length} networks: ${found.map(({ facts }) => facts.name).join(', ')}`,
    {
      hint: onEngines ? 'Name the engine with ?engine=' : 'Use the full id.',
      extra: {
        engines,
        candidates: found.map(({ mirror, facts }) => ({ engine: mirror.engine.name, id: facts.id, name: facts.name })),
      },
    },
  );
}
