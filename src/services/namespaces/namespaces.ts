// Network namespaces and who is in them; and of a container, what of all kinds it shares with whom. The words of the feature: how inodes are
// come by is the readers' business, what they mean is the domain's.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isAlive } from '../../domain/container/join-chain.ts';
import { isManaged } from '../../domain/container/managed.ts';
import { formatNamespaceId, parseNamespaceId } from '../../domain/container/namespace-id.ts';
import { findGroup, groupByNetwork, type NamespaceGroup } from '../../domain/namespaces/grouping.ts';
import { isSamePlace } from '../../domain/namespaces/process.ts';
import {
  compareKinds,
  compareMembers,
  compareStray,
  type HostPlace,
  type Place,
} from '../../domain/namespaces/sharing.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { ContainerRef } from '../../schemas/container.ts';
import { Failure } from '../../schemas/failure.ts';
import type { ContainerNamespaces, Namespace, NamespaceInFull, NamespaceMember } from '../../schemas/namespaces.ts';
import { authorize, maySee, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import { isStale, type Views } from '../containers/views.ts';
import type { SeenInodes } from '../seen-inodes.ts';
import { containerSeenBy } from '../sight.ts';
import { locateProcess } from './process-location.ts';
import { type Inhabitation, mayTravel, ProcessReader } from './process-reader.ts';
import { Scouting } from './scouting.ts';

/** Filters of a list; all of them have to fit. */
export interface NamespacesListQuery {
  readonly pid?: number;
  readonly scope?: 'managed' | 'all';
  readonly engine?: string;
}

export interface Namespaces {
  /** Fails, where a process is named, with `process_not_found` and `namespace_not_found`. */
  list(principal: Principal, query: NamespacesListQuery): Promise<Namespace[]>;
  /** Fails with `namespace_not_found`. */
  get(principal: Principal, id: string): Promise<NamespaceInFull>;
  /** Fails with `container_not_found` and `container_not_running`. */
  ofContainer(principal: Principal, ref: string, engine?: string): Promise<ContainerNamespaces>;
  /** Resolves when no helper of it is left. */
  close(): Promise<void>;
}

export interface NamespacesParts {
  readonly catalogue: Catalogue;
  readonly views: Views;
  readonly inodes: SeenInodes;
  readonly helperImage: string;
  readonly serverId: string;
}

/** All that is known of the namespaces of one engine, as of one question. */
interface World {
  readonly mirror: EngineMirror;
  readonly all: readonly Inhabitation[];
  readonly host: HostPlace;
  readonly groups: readonly NamespaceGroup[];
}

export function createNamespaces({ catalogue, views, inodes, helperImage, serverId }: NamespacesParts): Namespaces {
  const eyes = new Map(
    catalogue.mirrors.map((mirror) => {
      const forget = (run: Pick<ContainerFacts, 'id' | 'startedAt'>) =>
        inodes.forget(formatNamespaceId(mirror.engine.name, run));
      const processes = new ProcessReader(mirror, forget);
      return [mirror, { processes, scouting: new Scouting({ mirror, helperImage, serverId }) }];
    }),
  );

  function eyesOf(mirror: EngineMirror) {
    const found = eyes.get(mirror);
    if (found === undefined) throw new Failure('engine_not_found', `There is no engine "${mirror.engine.name}"`);
    return found;
  }

  /** `fresh` are containers whose processes are wanted as they are now. */
  async function look(mirror: EngineMirror, fresh: readonly ContainerFacts[] = []): Promise<World> {
    const { processes, scouting } = eyesOf(mirror);
    const [host, read] = await Promise.all([scouting.host(), Promise.all(fresh.map((facts) => processes.read(facts)))]);
    const inFull = new Map(read.filter((one) => one !== undefined).map((one) => [one.facts.id, one]));
    const all = (await processes.readAll()).map((one) => inFull.get(one.facts.id) ?? one);
    const viewer = views.viewer(mirror);
    const inhabitants = all.flatMap(({ facts, first }) => {
      const reportedId = viewer.namespaceId(facts);
      const isItsOwn = reportedId === formatNamespaceId(mirror.engine.name, facts);
      if (reportedId !== null && isItsOwn && first?.net != null) inodes.see(reportedId, first.net);
      return reportedId === null ? [] : [{ facts, inode: first?.net ?? inodes.inode(reportedId), reportedId }];
    });
    return { mirror, all, host, groups: groupByNetwork(mirror.engine.name, inhabitants, host.inodes.net) };
  }

  function show(principal: Principal, world: World, group: NamespaceGroup): Namespace {
    return { ...describe(principal, world, group), members: group.members.filter(seesOf(principal)).map(toMember) };
  }

  function showInFull(principal: Principal, world: World, group: NamespaceGroup): NamespaceInFull {
    const known = new Map(world.all.map((one) => [one.facts.id, one]));
    const sees = seesOf(principal);
    const members = group.members.filter(sees).map((facts) => {
      const { first = null, processes = null } = known.get(facts.id) ?? {};
      const inside = processes?.filter(({ inodes: { net } }) => net === null || net === first?.net);
      return { ...toMember(facts), pids: inside?.map(({ pid }) => pid) ?? null, inodes: first };
    });
    const visitors = world.all
      .filter(({ facts }) => sees(facts) && !group.members.some(({ id }) => id === facts.id))
      .flatMap(({ facts, processes }) =>
        (processes ?? [])
          .filter(({ inodes: { net } }) => net !== null && net === group.inode)
          .map(({ pid }) => ({ pid, container: toRef(facts) })),
      );
    const kinds = compareMembers(members.map(({ inodes: first }) => first));
    return { ...describe(principal, world, group), members, visitors, kinds };
  }

  function describe(
    principal: Principal,
    { mirror, all, host }: World,
    group: NamespaceGroup,
  ): Omit<Namespace, 'members'> {
    const { id, inode, isHost, owner, members } = group;
    const unseen = all.find(({ facts, reason }) => reason !== null && members.some((one) => one.id === facts.id));
    return {
      id,
      engine: mirror.engine.name,
      host: isHost,
      owner: owner === null ? null : toRef(containerSeenBy(principal, owner)),
      inode,
      reason: inode !== null ? null : (unseen?.reason ?? host.reason ?? 'The ps of the host does not name it'),
      stale: isStale(mirror),
    };
  }

  async function ofProcess(principal: Principal, mirror: EngineMirror, pid: number): Promise<Namespace> {
    authorize(principal, 'list_all', { kind: 'engine', name: mirror.engine.name });
    const world = await look(mirror);
    const place = await locateProcess({ pid, mirror, groups: world.groups, ...eyesOf(mirror) });
    return show(principal, world, place);
  }

  return {
    async list(principal, { pid, scope, engine }) {
      const mirrors = engine === undefined ? catalogue.mirrors : [catalogue.mirror(engine)];
      for (const { engine } of mirrors)
        authorize(principal, scope === 'all' ? 'list_all' : 'list', { kind: 'engine', name: engine.name });
      if (pid !== undefined) return [await ofProcess(principal, requireOne(mirrors), pid)];
      const worlds = await Promise.all(mirrors.map((mirror) => look(mirror)));
      return worlds.flatMap((world) =>
        world.groups
          .filter(
            ({ members }) => scope === 'all' || members.some((facts) => isManaged(facts) && seesOf(principal)(facts)),
          )
          .map((group) => show(principal, world, group)),
      );
    },

    async get(principal, id) {
      const parsed = parseNamespaceId(id);
      if (parsed === null)
        throw new Failure('namespace_not_found', `"${id}" is no id of a namespace`, {
          hint: 'An id is ENGINE~CONTAINER_ID~STARTED_AT, or ENGINE~host: GET /api/v1/namespaces lists them.',
        });
      const mirror = catalogue.mirror(parsed.engine);
      authorize(principal, parsed.owner === null ? 'list_all' : 'list', { kind: 'engine', name: parsed.engine });
      const remembered = await look(mirror);
      const members = findGroup(parsed.engine, remembered.groups, id)?.members ?? [];
      const travellers = remembered.all.map(({ facts }) => facts).filter(mayTravel);
      const world = await look(mirror, [...new Set([...members, ...travellers])]);
      const group = findGroup(parsed.engine, world.groups, id);
      const seen = group?.members.filter(seesOf(principal)) ?? [];
      const isSeen = seen.length > 0 || principal.sees === 'all';
      if (group === undefined || !isSeen) throw explainGone(principal, world, id, parsed.owner?.id ?? '');
      for (const facts of seen) authorize(principal, 'observe', { kind: 'container', facts });
      return showInFull(principal, world, group);
    },

    async ofContainer(principal, ref, engine) {
      const { mirror, facts } = catalogue.find(principal, ref, engine);
      authorize(principal, 'observe', { kind: 'container', facts });
      const world = await look(mirror, [facts]);
      const own = world.all.find((one) => one.facts.id === facts.id) ?? (await eyesOf(mirror).processes.read(facts));
      if (own === undefined) throw notRunning(mirror.container(facts.id) ?? facts);
      const { first, processes } = own;
      const [of, all] = [toPlace(own), world.all.filter((one) => seesOf(principal)(one.facts)).map(toPlace)];
      const group = world.groups.find(({ members }) => members.some(({ id }) => id === facts.id));
      return {
        container: toRef(own.facts),
        engine: mirror.engine.name,
        namespace: group?.id ?? views.viewer(mirror).namespaceId(own.facts) ?? '',
        pid: own.facts.pid,
        pids: processes?.map(({ pid }) => pid) ?? null,
        kinds: compareKinds(
          of,
          all.filter(({ container }) => container.id !== facts.id),
          world.host,
        ),
        elsewhere: (processes ?? [])
          .filter(({ inodes }) => first !== null && !isSamePlace(inodes, first))
          .map(({ pid, inodes }) => ({
            pid,
            kinds: first === null ? [] : compareStray(inodes, first, all, world.host),
          })),
        stale: isStale(mirror),
      };
    },

    async close() {
      for (const { processes } of eyes.values()) processes.close();
      await Promise.all([...eyes.values()].map(({ scouting }) => scouting.close()));
    },
  };
}

function seesOf(principal: Principal): (facts: ContainerFacts) => boolean {
  return (facts) => maySee(principal, { kind: 'container', facts });
}

function toRef({ id, name }: ContainerFacts): ContainerRef {
  return { id, name };
}

function toMember(facts: ContainerFacts): NamespaceMember {
  return { ...toRef(facts), managed: isManaged(facts), state: facts.state, pid: facts.pid };
}

function toPlace({ facts, first, reason }: Inhabitation): Place {
  return { container: toRef(facts), inodes: first, reason };
}

/** A PID is of one engine's host. */
function requireOne(mirrors: readonly EngineMirror[]): EngineMirror {
  const [mirror, ...others] = mirrors;
  if (mirror !== undefined && others.length === 0) return mirror;
  const engines = mirrors.map(({ engine }) => engine.name);
  throw new Failure('ambiguous', `A PID is of one engine's host, and there are several: ${engines.join(', ')}`, {
    field: 'engine',
    hint: 'Name the engine with ?engine=',
    extra: { engines },
  });
}

function notRunning(facts: ContainerFacts): Failure {
  const { name, state } = facts;
  if (isAlive(facts))
    return new Failure(
      'container_not_running',
      `Container "${name}" is ending: its first process is in no namespace any more`,
    );
  return new Failure('container_not_running', `Container "${name}" does not run: its state is "${state}"`, {
    hint: `What does not run is in no namespace. Start it first: POST /api/v1/containers/${name}/start`,
  });
}

/** What became of a namespace that was. */
function explainGone(principal: Principal, { mirror, groups }: World, id: string, ownerId: string): Failure {
  const known = mirror.container(ownerId);
  const owner = known !== undefined && seesOf(principal)(known) ? known : undefined;
  const now = groups.find(({ members }) => members.some((facts) => facts.id === ownerId))?.id;
  if (owner === undefined)
    return new Failure('namespace_not_found', `There is no namespace "${id}": its container is gone`, {
      hint: 'GET /api/v1/namespaces lists those that there are.',
    });
  return new Failure(
    'namespace_not_found',
    `There is no namespace "${id}": "${owner.name}" ${now === undefined ? `does not run (it is ${owner.state})` : 'was started anew since'}`,
    { hint: now === undefined ? `Start "${owner.name}", and it gets another.` : `It is in ${now} now.` },
  );
}
