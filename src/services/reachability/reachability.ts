// Who reaches whom: predicted from a survey, and proved by real connections where that is asked for. Where the two do not agree, all is read and
// connected once more, because the world may have moved between; what then is left is told.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isHelper, isManaged } from '../../domain/container/managed.ts';
import { label } from '../../domain/labels.ts';
import { predictMatrix } from '../../domain/reachability/matrix.ts';
import type { Node, World } from '../../domain/reachability/world.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { Reachability, VerificationProgress } from '../../schemas/verification.ts';
import { allows, authorize, may, maySee, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import type { Surveyor } from '../survey/survey.ts';
import { proveMatrix } from './proof.ts';
import type { Verifier } from './verifier.ts';

/** What is asked about. */
export interface ReachabilityQuery {
  /** All of them where none is named. */
  readonly engine?: string | undefined;
  readonly lab?: string | undefined;
  /** `managed` (the default): what Terrarium made. `all`: everything on the engine but helpers of ours. */
  readonly scope?: 'managed' | 'all' | undefined;
}

export interface ReachabilityCall {
  readonly principal: Principal;
  readonly query: ReachabilityQuery;
  /** Aborted, with a failure as its reason, when nobody waits for the result any more. */
  readonly signal: AbortSignal;
  onProgress?(progress: VerificationProgress['progress']): void;
}

export interface ReachabilityService {
  /** Fails with `engine_not_found`, `engine_unavailable`, `engine_timeout`. */
  predict(call: Pick<ReachabilityCall, 'principal' | 'query'>): Promise<Reachability>;
  /** The same, with real connections. Fails as {@link predict}, and with the signal's reason. */
  verify(call: ReachabilityCall): Promise<Reachability>;
}

export interface ReachabilityParts {
  readonly catalogue: Catalogue;
  readonly surveyor: Surveyor;
  readonly verifier: Verifier;
  /** Milliseconds since the epoch. */
  now(): number;
}

export function createReachability({ catalogue, surveyor, verifier, now }: ReachabilityParts): ReachabilityService {
  /** Who is asked about on an engine; every one of them may be observed. */
  function select(principal: Principal, mirror: EngineMirror, { lab, scope }: ReachabilityQuery): string[] {
    const object = { kind: 'engine', name: mirror.engine.name } as const;
    authorize(principal, scope === 'all' ? 'list_all' : 'list', object);
    const chosen = [...mirror.containers()].filter(
      (facts) =>
        !isHelper(facts) &&
        (scope === 'all' || isManaged(facts)) &&
        (lab === undefined || (isManaged(facts) && facts.labels[label.lab] === lab)) &&
        maySee(principal, { kind: 'container', facts }),
    );
    for (const facts of chosen) authorize(principal, 'observe', { kind: 'container', facts });
    return chosen.map(({ id }) => id);
  }

  async function look(principal: Principal, query: ReachabilityQuery): Promise<Look> {
    const mirrors = query.engine === undefined ? catalogue.mirrors : [catalogue.mirror(query.engine)];
    const chosen = new Set(mirrors.flatMap((mirror) => select(principal, mirror, query)));
    const worlds = await surveyor.survey(mirrors, (facts: ContainerFacts) => chosen.has(facts.id), principal);
    const hosts = worlds.flatMap(({ nodes }) => nodes.filter(({ kind }) => kind === 'host').map(({ id }) => id));
    const nodes = new Set([...chosen, ...hosts]);
    return { mirrors, worlds, nodes, matrix: predictMatrix(worlds, { nodes }) };
  }

  return {
    async predict({ principal, query }) {
      return describe(await look(principal, query), query);
    },

    async verify({ principal, query, signal, onProgress = () => {} }) {
      authorize(principal, 'verify', { kind: 'server' });
      const first = await look(principal, query);
      const answer = describe(first, query);
      const mayConnectFrom = ({ id, kind }: Node, mirror: EngineMirror): boolean => {
        // Whoever connects from there is a helper in the host's namespace.
        if (kind === 'host') return may(principal, 'host');
        const facts = mirror.container(id);
        return facts !== undefined && allows(principal, 'verify', { kind: 'container', facts });
      };
      const proof = await proveMatrix({
        look: first,
        again: () => look(principal, query),
        mayConnectFrom,
        verifier,
        signal,
        onProgress,
        now,
      });
      return { ...answer, ...proof };
    },
  };
}

/** Worlds, and what is predicted of them. */
export interface Look {
  readonly mirrors: readonly EngineMirror[];
  /** Of each mirror one, in their order. */
  readonly worlds: readonly World[];
  /** Ids of those that are asked about. */
  readonly nodes: ReadonlySet<string>;
  readonly matrix: ReturnType<typeof predictMatrix>;
}

function describe({ worlds, nodes, matrix }: Look, { lab }: ReachabilityQuery): Reachability {
  const engines = worlds.map(({ engine }) => engine);
  return {
    engine: engines[0] ?? '',
    engines,
    asOf: worlds.map(({ asOf }) => asOf).sort()[0] ?? '',
    lab: lab ?? null,
    nodes: worlds.flatMap(({ engine, away, nodes: all }) =>
      all
        .filter(({ id }) => nodes.has(id))
        .map(({ id, name, kind, state, effective, namespace }) => ({
          id,
          name,
          kind,
          engine,
          state,
          effective,
          namespace,
          stale: away !== undefined,
        })),
    ),
    pairs: [...matrix.pairs],
    entries: matrix.entries.map((entry) => ({ ...entry, verified: null })),
    unknown: [...new Set(worlds.flatMap(listUnknown))],
    verification: null,
  };
}

/** Each reason once: where nobody may read the rules, everything has the same. */
function listUnknown({ away, host, namespaces }: World): string[] {
  if (away !== undefined) return [away];
  const parts = [host.rules.ipv4, host.rules.ipv6, host.links, host.settings, host.proxies];
  const listeners = [...namespaces.values()].map((namespace) => namespace.listeners);
  return [...new Set([...parts, ...listeners].flatMap((part) => (part.known ? [] : [part.reason])))];
}
