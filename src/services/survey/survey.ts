// Surveys an engine: all that a prediction rests on, read at one moment. The mirror tells who is there, the host's helpers what packets meet on the
// host, and observation what is in each namespace. It predicts nothing, and asks for no rights: who asks has them.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isHelper } from '../../domain/container/managed.ts';
import { formatHostNamespaceId } from '../../domain/container/namespace-id.ts';
import type { HelperWord } from '../../domain/observation/helper-output.ts';
import { findNamespace, type NamespaceTarget } from '../../domain/observation/namespace-target.ts';
import type { NamespaceReading } from '../../domain/observation/reading.ts';
import {
  describeHost,
  describeNamespace,
  describeNetwork,
  describeNode,
  isGatewayBridge,
} from '../../domain/reachability/places.ts';
import type { Known, NamespacePlace, World } from '../../domain/reachability/world.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import { may, type Principal } from '../access.ts';
import type { HostNetworks, HostReading } from '../host-network/host-networks.ts';
import type { ObservationService } from '../observation/observation-service.ts';
import { isAboutTarget, lookupIn } from '../observation/target.ts';
import { containerSeenBy, networkSeenBy } from '../sight.ts';

export interface SurveyParts {
  readonly observation: ObservationService;
  readonly hosts: HostNetworks;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface Surveyor {
  /**
   * Reads everything anew, of these engines: a world each, in their order. All containers are nodes of it; into namespaces nobody looks in which no
   * container is `among`, and a prediction that would need them is unknown. Where there are several engines each host is the node `ENGINE~host`. Of one that
   * is away the world is what was last known; where none answers it fails with `engine_unavailable` or `engine_timeout`. What the host's rules do is
   * unknown where `asker` may not read them, and what they may not see has no name in it.
   */
  survey(
    mirrors: readonly EngineMirror[],
    among: (facts: ContainerFacts) => boolean,
    asker: Principal,
  ): Promise<World[]>;
}

interface Question {
  readonly among: (facts: ContainerFacts) => boolean;
  readonly asker: Principal;
  readonly isOneOfMany: boolean;
}

/** A container that stops or restarts while it is looked at makes everything be read again, so often at most. */
const attempts = 3;

const words: readonly HelperWord[] = ['sockets', 'interfaces'];

/** A namespace, and who is in it. */
interface Site {
  readonly target: NamespaceTarget;
  readonly members: readonly ContainerFacts[];
  /** Who brought it into being; null for the host's. */
  readonly owner: ContainerFacts | null;
}

export function createSurveyor({ observation, hosts, now }: SurveyParts): Surveyor {
  return {
    async survey(mirrors, among, asker) {
      const isAlone = mirrors.length === 1;
      const looks = await Promise.allSettled(
        mirrors.map((mirror) => lookUntilStill(mirror, { among, asker, isOneOfMany: !isAlone })),
      );
      if (looks.every((look) => look.status === 'rejected')) throw (looks[0] as PromiseRejectedResult).reason;
      return mirrors.map((mirror, at) => {
        const look = looks[at];
        if (look?.status === 'fulfilled') return look.value;
        if (!(look?.reason instanceof Failure) || !isAway(look.reason)) throw look?.reason;
        return remember(mirror, asker, look.reason.message);
      });
    },
  };

  async function lookUntilStill(mirror: EngineMirror, question: Question): Promise<World> {
    for (let attempt = 1; ; attempt += 1) {
      requireEngine(mirror);
      try {
        return await look(mirror, question);
      } catch (error) {
        if (attempt === attempts || !isAboutTarget(error)) throw error;
        await refreshAll(mirror, question.among);
      }
    }
  }

  /** What the mirror knows. */
  function outline(mirror: EngineMirror, { asker, isOneOfMany }: Pick<Question, 'asker' | 'isOneOfMany'>) {
    const engine = mirror.engine.name;
    const hostId = formatHostNamespaceId(engine);
    const lookup = lookupIn(mirror);
    const surroundings = { lookup, network: (id: string) => mirror.network(id) };
    const containers = [...mirror.containers()].filter((facts) => !isHelper(facts));
    const places = new Map(containers.map((facts) => [facts, findNamespace(engine, facts, lookup)]));
    const host = describeHost(hostId, isOneOfMany ? engine : undefined);
    // Ids stay: by them a world hangs together, and only those that were asked about are told.
    const nodes = containers.map((facts) =>
      describeNode({ ...containerSeenBy(asker, facts), id: facts.id }, places.get(facts)?.id ?? null, surroundings),
    );
    return {
      places,
      host,
      known: {
        engine,
        asOf: new Date(now()).toISOString(),
        ...(mirror.info !== null && { swarm: mirror.info.swarm }),
        networks: new Map(
          [...mirror.networks()].map((facts) => [
            facts.id,
            { ...describeNetwork(facts), name: networkSeenBy(asker, facts).name },
          ]),
        ),
        nodes: [...nodes, host],
      },
    };
  }

  /** The world of an engine that is away. */
  function remember(mirror: EngineMirror, asker: Principal, reason: string): World {
    const { known } = outline(mirror, { asker, isOneOfMany: true });
    const unread = { known: false, reason } as const;
    return {
      ...known,
      away: reason,
      host: {
        namespace: formatHostNamespaceId(mirror.engine.name),
        rules: { ipv4: unread, ipv6: unread },
        links: unread,
        settings: unread,
        proxies: unread,
      },
      namespaces: new Map(),
    };
  }

  async function look(mirror: EngineMirror, question: Question): Promise<World> {
    const { among, asker } = question;
    const { places, host: hostNode, known } = outline(mirror, question);
    const hostId = formatHostNamespaceId(mirror.engine.name);
    const all = groupByNamespace(places);
    const gatewayBridge = [...mirror.networks()].find(isGatewayBridge);
    const sites = [...all.values()].filter(({ target, members }) => target.id !== hostId && members.some(among));
    const pids = sites.flatMap(({ owner }) => (owner !== null && owner.pid > 0 ? [owner.pid] : []));
    // The probe is the last to answer where it has to be started, so it is asked first.
    const [readings, host] = await Promise.all([
      Promise.all(sites.map(({ target }) => sample(mirror, target))),
      readHost(mirror, pids, may(asker, 'rules')),
    ]);

    const namespaces = new Map<string, NamespacePlace>();
    sites.forEach(({ target: { id }, members, owner }, at) => {
      const value = readings[at];
      if (value === undefined) return;
      const indexes = owner === null ? undefined : host.indexes.get(owner.pid);
      const ids = members.map((member) => member.id);
      namespaces.set(
        id,
        describeNamespace({ id, members: ids, owner, seen: { known: true, value }, indexes, gatewayBridge }),
      );
    });
    const onHost = all.get(hostId)?.members ?? [];
    const hostMembers = [hostNode.id, ...onHost.map(({ id }) => id)];
    namespaces.set(hostId, describeNamespace({ id: hostId, members: hostMembers, owner: null, seen: host.namespace }));

    const { rules, links, settings, proxies } = host;
    return { ...known, host: { namespace: hostId, rules, links, settings, proxies }, namespaces };
  }

  /** Where nobody may read the rules, an ordinary helper still sees what every program on the host does. */
  async function readHost(mirror: EngineMirror, pids: readonly number[], isAllowed: boolean): Promise<HostReading> {
    if (!isAllowed) return hosts.describeForbidden();
    const reading = await hosts.read(mirror, pids);
    if (reading.namespace.known) return reading;
    const target = { id: formatHostNamespaceId(mirror.engine.name), networkMode: 'host', anchor: null };
    return { ...reading, namespace: await orRefusal(sample(mirror, target)) };
  }

  async function sample(mirror: EngineMirror, target: NamespaceTarget): Promise<NamespaceReading> {
    return (await observation.sample(mirror, target, words)).reading;
  }
}

async function orRefusal(reading: Promise<NamespaceReading>): Promise<Known<NamespaceReading>> {
  try {
    return { known: true, value: await reading };
  } catch (error) {
    if (!(error instanceof Failure && error.code === 'engine_refused')) throw error;
    return { known: false, reason: error.message };
  }
}

function groupByNamespace(places: ReadonlyMap<ContainerFacts, NamespaceTarget | null>): Map<string, Site> {
  const sites = new Map<string, Site>();
  for (const [facts, target] of places) {
    if (target === null) continue;
    const known = sites.get(target.id);
    const owner = target.anchor?.id === facts.id ? facts : (known?.owner ?? null);
    sites.set(target.id, { target, members: [...(known?.members ?? []), facts], owner });
  }
  return sites;
}

function requireEngine(mirror: EngineMirror): void {
  const { state, reason } = mirror.status();
  if (state === 'stale')
    throw new Failure('engine_unavailable', reason ?? `The engine ${mirror.engine.name} is away`, {
      hint: 'It is asked again and again; GET /api/v1/engines shows when it is back.',
      retryAfter: 1,
    });
}

function isAway({ code }: Failure): boolean {
  return code === 'engine_unavailable' || code === 'engine_timeout';
}

/** The mirror is about to be told what happened; who is asked now does not wait for it. */
async function refreshAll(mirror: EngineMirror, among: (facts: ContainerFacts) => boolean): Promise<void> {
  const ids = [...mirror.containers()].filter(among).map(({ id }) => id);
  await Promise.all(ids.map((id) => mirror.refresh(id)));
}
