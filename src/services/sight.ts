// What one principal sees of an engine: a mirror in which what others own is there, so that whatever is concluded from the whole stays right, and has
// neither name nor id. It is for showing and explaining; what acts uses the mirror itself.
import { createHmac, randomBytes } from 'node:crypto';
import type { ContainerFacts, NetworkFacts } from '../domain/container/facts.ts';
import { label } from '../domain/labels.ts';
import type { EngineMirror } from '../engine/mirror.ts';
import { maySee, type Principal } from './access.ts';

/** Random, so that nobody finds out whose a hidden id is by trying ids that they know of. */
const secret = randomBytes(32);

/** What a hidden name begins with. */
export const hiddenPrefix = 'hidden-';

const views = new WeakMap<EngineMirror, Map<string, EngineMirror>>();

/** The principal's part of what is kept under a key: the same for all who see the same. */
export function spellSight({ sees, name }: Principal): string {
  return sees === 'all' ? '' : `own=${name}`;
}

/** The mirror as `principal` may see it. */
export function seenBy(principal: Principal, mirror: EngineMirror): EngineMirror {
  if (principal.sees === 'all') return mirror;
  const known = views.get(mirror) ?? new Map<string, EngineMirror>();
  views.set(mirror, known);
  const made = known.get(principal.name) ?? veil(principal, mirror);
  known.set(principal.name, made);
  return made;
}

/** The container as `principal` may see it. */
export function containerSeenBy(principal: Principal, facts: ContainerFacts): ContainerFacts {
  return maySee(principal, { kind: 'container', facts }) ? facts : hideContainer(facts);
}

/** The network as `principal` may see it. */
export function networkSeenBy(principal: Principal, facts: NetworkFacts): NetworkFacts {
  return maySee(principal, { kind: 'network', facts }) ? facts : hideNetwork(facts);
}

function veil(principal: Principal, mirror: EngineMirror): EngineMirror {
  const hideIn = (facts: ContainerFacts | undefined) =>
    facts === undefined ? undefined : containerSeenBy(principal, facts);
  return {
    engine: mirror.engine,
    get info() {
      return mirror.info;
    },
    status: () => mirror.status(),
    get revision() {
      return mirror.revision;
    },
    *containers() {
      for (const facts of mirror.containers()) yield containerSeenBy(principal, facts);
    },
    container: (id) => hideIn(mirror.container(id)),
    *networks() {
      for (const facts of mirror.networks()) yield networkSeenBy(principal, facts);
    },
    network(nameOrId) {
      const facts = mirror.network(nameOrId);
      return facts === undefined ? undefined : networkSeenBy(principal, facts);
    },
    refresh: async (id) => hideIn(await mirror.refresh(id)),
    refreshUnless: async (id, isEnough) => hideIn(await mirror.refreshUnless(id, isEnough)),
    refreshNetworks: () => mirror.refreshNetworks(),
    get clockOffsetMs() {
      return mirror.clockOffsetMs;
    },
    onContainer: (listener) =>
      mirror.onContainer(({ id, before, after }) =>
        listener({ id, before: hideIn(before ?? undefined) ?? null, after: hideIn(after ?? undefined) ?? null }),
      ),
    onStatus: (listener) => mirror.onStatus(listener),
    onEvent: (listener) => mirror.onEvent(listener),
    onArrival: (listener) => mirror.onArrival(listener),
    settled: () => mirror.settled(),
    close: () => mirror.close(),
  };
}

function pseudonym(id: string): string {
  return createHmac('sha256', secret).update(id).digest('hex');
}

function hideName(id: string): string {
  return `${hiddenPrefix}${pseudonym(id).slice(0, 8)}`;
}

/** Addresses and ports stay: they are what is in the way of others. What it runs, and what it is called, does not. */
function hideContainer(facts: ContainerFacts): ContainerFacts {
  const { [label.managed]: managed, [label.role]: role } = facts.labels;
  return {
    ...facts,
    id: pseudonym(facts.id),
    name: hideName(facts.id),
    image: '',
    imageId: '',
    command: [],
    hostname: '',
    labels: {
      ...(managed !== undefined && { [label.managed]: managed }),
      ...(role !== undefined && { [label.role]: role }),
    },
    endpoints: facts.endpoints.map((endpoint) => ({
      ...endpoint,
      network: isSharedName(endpoint.network) ? endpoint.network : hideName(endpoint.networkId),
      aliases: [],
    })),
  };
}

/** docker0 is everybody's. */
function isSharedName(name: string): boolean {
  return name === 'bridge' || name === 'host' || name === 'none';
}

/** Its subnets stay: no other can have them. */
function hideNetwork(facts: NetworkFacts): NetworkFacts {
  const { [label.managed]: managed, [label.role]: role } = facts.labels;
  return {
    ...facts,
    id: pseudonym(facts.id),
    name: hideName(facts.id),
    labels: {
      ...(managed !== undefined && { [label.managed]: managed }),
      ...(role !== undefined && { [label.role]: role }),
    },
    options: {},
  };
}
