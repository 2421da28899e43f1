// Proves the checks of a lab on the live system: what is listening, how it is attached, who connects. Each look is made once, however many checks
// ask for it, and all connections of one container by one helper.
import pLimit from 'p-limit';
import { describeClaim, kindOf } from '../../domain/lab/check-claim.ts';
import { type Neighbour, readNeighbour } from '../../domain/lab/check-neighbour.ts';
import {
  type Attempt,
  type ComparedKind,
  judgeAddress,
  judgeDaemonConfig,
  judgeElsewhere,
  judgeExec,
  judgeInterfaces,
  judgeKinds,
  judgeListens,
  judgeNamespaces,
  judgePath,
  judgePublished,
  judgeReach,
  judgeRoute,
  type Verdict,
} from '../../domain/lab/check-verdict.ts';
import { engineName, type LabIdentity, listInstances } from '../../domain/lab/lab-identity.ts';
import type { LabPlacement } from '../../domain/lab/lab-placement.ts';
import { findAddressesElsewhere, findPeerAddresses } from '../../domain/lab/peer-addresses.ts';
import { findNamespace } from '../../domain/observation/namespace-target.ts';
import { type PlannedConnection, spellConnection } from '../../domain/reachability/connection-result.ts';
import { contains, parseAddress, parseSubnet } from '../../domain/subnet.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Ifconfig } from '../../schemas/ifconfig.ts';
import type { LabFile } from '../../schemas/lab.ts';
import type { CheckResult, DaemonConfigCheck, LabCheck, PathOfPort, Peer } from '../../schemas/lab-check.ts';
import type { ContainerNamespaces } from '../../schemas/namespaces.ts';
import type { Netstat } from '../../schemas/netstat.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import type { Clock } from '../clock.ts';
import type { DaemonConfigs } from '../daemon-config/daemon-configs.ts';
import type { ExecService } from '../exec/exec.ts';
import type { Namespaces } from '../namespaces/namespaces.ts';
import type { ObservationService } from '../observation/observation-service.ts';
import { lookupIn } from '../observation/target.ts';
import type { PacketPaths } from '../packet-path/packet-paths.ts';
import type { Source, Verifier } from '../reachability/verifier.ts';

/** A lab whose checks are asked about. */
export interface CheckedLab {
  readonly principal: Principal;
  readonly home: EngineMirror;
  readonly identity: LabIdentity;
  readonly file: LabFile;
  readonly placement: Pick<LabPlacement, 'ofContainer'>;
}

/** One check of one instance. */
export interface CheckAt {
  readonly name: string;
  readonly instance: number | null;
}

export interface LabChecks {
  /** Which checks are meant: of these names, of this instance; all where not said. Fails with `invalid_request` for an unknown one. */
  select(lab: CheckedLab, wanted: { names?: readonly string[] | undefined; instance?: number | undefined }): CheckAt[];
  /** Looks once, and answers in the order of `which`. A check that cannot be looked at is an `error`; an engine that is away fails all. */
  evaluate(lab: CheckedLab, which: readonly CheckAt[], signal: AbortSignal): Promise<CheckResult[]>;
}

/** Checks that are looked at at the same time. */
const checkLimit = 8;
const defaultExecMs = 5_000;

export function createLabChecks(parts: {
  readonly catalogue: Pick<Catalogue, 'mirror'>;
  readonly observation: Pick<ObservationService, 'read'>;
  readonly exec: Pick<ExecService, 'run'>;
  readonly verifier: Pick<Verifier, 'connect'>;
  readonly namespaces: Pick<Namespaces, 'ofContainer'>;
  readonly packetPaths: Pick<PacketPaths, 'trace'>;
  readonly daemonConfigs: Pick<DaemonConfigs, 'check'>;
  readonly clock: Clock;
}): LabChecks {
  const { clock } = parts;

  return {
    select({ file, identity }, { names, instance }) {
      const known = Object.keys(file.checks ?? {});
      const unknown = names?.find((name) => !known.includes(name));
      if (unknown !== undefined)
        throw new Failure('invalid_request', `The lab has no check "${unknown}"`, {
          field: 'check',
          hint: known.length === 0 ? 'It has none.' : `Known: ${known.slice(0, 50).join(', ')}.`,
        });
      const instances = listInstances(identity);
      if (instance !== undefined && !instances.includes(instance))
        throw new Failure('invalid_request', `The lab has no instance ${instance}`, {
          field: 'instance',
          hint: identity.instances === null ? 'It has none: leave it out.' : `It has 1 to ${identity.instances}.`,
        });
      return (instance === undefined ? instances : [instance]).flatMap((one) =>
        (names ?? known).map((name) => ({ name, instance: one })),
      );
    },

    async evaluate(lab, which, signal) {
      const limit = pLimit(checkLimit);
      const round = new Round(lab, parts, signal);
      return Promise.all(
        which.map(({ name, instance }) =>
          limit(async (): Promise<CheckResult> => {
            signal.throwIfAborted();
            const check = lab.file.checks?.[name];
            if (check === undefined) throw new Error(`the lab has no check ${name}`);
            const began = performance.now();
            const { status, evidence, hint } = await judgeSafely(round, check, instance, signal);
            return {
              name,
              instance,
              kind: kindOf(check),
              container: 'container' in check ? engineName(lab.identity, instance, check.container) : null,
              status,
              claim: describeClaim(check),
              evidence,
              hint: status === 'pass' ? null : (readHint(check.hint) ?? hint),
              at: new Date(clock.now()).toISOString(),
              durationMs: Math.round(performance.now() - began),
            };
          }),
        ),
      );
    },
  };
}

type Judged = Pick<CheckResult, 'status' | 'evidence' | 'hint'>;

/** What is wrong with the container is what the check is about; what is wrong with the engine is not. */
async function judgeSafely(
  round: Round,
  check: LabCheck,
  instance: number | null,
  signal: AbortSignal,
): Promise<Judged> {
  try {
    const { holds, evidence, hint } = await round.judge(check, instance);
    return { status: holds ? 'pass' : 'fail', evidence, hint };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    const isOfContainer = ['container_not_running', 'container_not_found', 'state_conflict'].includes(error.code);
    return { status: isOfContainer ? 'fail' : 'error', evidence: error.message, hint: error.hint ?? null };
  }
}

/** The author's own hint, in one language where it has several. */
function readHint(hint: LabCheck['hint']): string | undefined {
  return typeof hint === 'object' ? (hint.en ?? hint.zh) : hint;
}

/** The looks of one evaluation, shared by its checks. */
class Round {
  readonly #lab: CheckedLab;
  readonly #parts: Parameters<typeof createLabChecks>[0];
  readonly #signal: AbortSignal;
  readonly #looks = new Map<string, Promise<unknown>>();
  /** Connections that are to be made, by the source's namespace, until its helper is asked. */
  readonly #connections = new Map<
    string,
    { addresses: PlannedConnection[]; made: Promise<ReadonlyMap<string, Attempt>> }
  >();

  constructor(lab: CheckedLab, parts: Parameters<typeof createLabChecks>[0], signal: AbortSignal) {
    this.#lab = lab;
    this.#parts = parts;
    this.#signal = signal;
  }

  async judge(check: LabCheck, instance: number | null): Promise<Verdict> {
    if ('daemonConfig' in check) return this.#judgeDaemonConfig(check.daemonConfig);
    const located = this.#find(check.container, instance);
    const { facts, mirror } = located;
    if ('published' in check) return judgePublished(check.published, facts);
    if ('listens' in check) return judgeListens(check.listens, (await this.#netstat(located)).sockets);
    if ('interfaces' in check) return judgeInterfaces(check.interfaces, await this.#ifconfig(located));
    if ('address' in check) return judgeAddress(check.address, await this.#ifconfig(located));
    if ('route' in check) return judgeRoute(check.route, await this.#ifconfig(located));
    if ('sharesNamespaceWith' in check)
      return this.#compare(true, located, readNeighbour(check.sharesNamespaceWith), instance);
    if ('isolatedFrom' in check) return this.#compare(false, located, readNeighbour(check.isolatedFrom), instance);
    if ('reaches' in check) return this.#reach(true, located, check.reaches, instance);
    if ('cannotReach' in check) return this.#reach(false, located, check.cannotReach, instance);
    if ('path' in check) return this.#trace(located, check.path, instance);
    const { command, timeoutMs = defaultExecMs } = check.exec;
    const { principal } = this.#lab;
    const call = { principal, container: facts.id, engine: mirror.engine.name, signal: this.#signal };
    return judgeExec(check.exec, await this.#parts.exec.run({ ...call, request: { command, timeoutMs } }));
  }

  #find(item: string, instance: number | null): Located {
    const { identity, placement } = this.#lab;
    const mirror = this.#parts.catalogue.mirror(placement.ofContainer(item));
    const name = engineName(identity, instance, item);
    for (const facts of mirror.containers()) if (facts.name === name) return { mirror, facts };
    throw new Failure('container_not_found', `There is no container "${name}"`, { hint: 'Apply the lab.' });
  }

  #once<T>(key: string, look: () => Promise<T>): Promise<T> {
    const known = this.#looks.get(key) as Promise<T> | undefined;
    const result = known ?? look();
    this.#looks.set(key, result);
    return result;
  }

  #netstat({ facts, mirror }: Located): Promise<Netstat> {
    const { principal } = this.#lab;
    const question = { topic: 'netstat', options: 'tuan' } as const;
    return this.#once(`netstat ${facts.id}`, () =>
      this.#parts.observation.read(principal, { mirror, facts }, question),
    );
  }

  #ifconfig({ facts, mirror }: Located): Promise<Ifconfig> {
    const { principal } = this.#lab;
    const question = { topic: 'ifconfig', options: 'a' } as const;
    return this.#once(`ifconfig ${facts.id}`, () =>
      this.#parts.observation.read(principal, { mirror, facts }, question),
    );
  }

  #namespaces({ facts, mirror }: Located): Promise<ContainerNamespaces> {
    const { principal } = this.#lab;
    return this.#once(`namespaces ${facts.id}`, () =>
      this.#parts.namespaces.ofContainer(principal, facts.id, mirror.engine.name),
    );
  }

  async #compare(
    wantsSame: boolean,
    located: Located,
    { container: other, kinds }: Neighbour,
    instance: number | null,
  ): Promise<Verdict> {
    const peer = other === null ? null : this.#find(other, instance);
    if (peer !== null && peer.mirror !== located.mirror)
      return judgeElsewhere(wantsSame, [located.mirror.engine.name, peer.mirror.engine.name], other ?? '');
    // What every look at the network tells anyway needs no ps of the host.
    if (peer !== null && kinds.every((kind) => kind === 'net')) {
      const [one, another] = await Promise.all([this.#ifconfig(located), this.#ifconfig(peer)]);
      return judgeNamespaces(wantsSame, one.namespace, another.namespace, other ?? '');
    }
    const [own, others] = await Promise.all([this.#namespaces(located), peer === null ? null : this.#namespaces(peer)]);
    const compared = kinds.map((kind): ComparedKind => {
      const mine = own.kinds.find((one) => one.kind === kind);
      const theirs = others?.kinds.find((one) => one.kind === kind);
      const inode = mine?.inode ?? null;
      const isSame = others === null ? (mine?.host ?? null) : theirs?.inode == null ? null : theirs.inode === inode;
      if (inode === null || isSame === null)
        throw new Failure(
          'engine_refused',
          `Whether the ${kind} namespaces are one cannot be told: ${mine?.reason ?? theirs?.reason ?? 'nobody has seen them'}`,
        );
      return { kind, inode, isSame };
    });
    return judgeKinds(wantsSame, compared, other);
  }

  async #trace({ facts, mirror }: Located, spec: PathOfPort, instance: number | null): Promise<Verdict> {
    const { principal } = this.#lab;
    const { port, protocol = 'tcp', from = 'outside' } = spec;
    const client = typeof from === 'string' ? null : this.#find(from.container, instance);
    const source = client === null ? String(from) : client.facts.id;
    const { paths } = await this.#once(`path ${facts.id} ${port} ${protocol} ${source}`, () =>
      this.#parts.packetPaths.trace({
        principal,
        container: facts.id,
        engine: mirror.engine.name,
        port,
        protocol,
        from: source,
      }),
    );
    const verdict = judgePath(spec, { paths });
    if (verdict !== null) return verdict;
    const reasons = paths
      .filter(({ verdict: { reaches } }) => reaches === null)
      .map(({ verdict: one }) => one.sentence);
    throw new Failure('engine_refused', `Whether it arrives cannot be told: ${reasons.join('; ')}`);
  }

  #judgeDaemonConfig(spec: DaemonConfigCheck): Verdict {
    const { principal, home } = this.#lab;
    const file = Buffer.from(JSON.stringify(spec.file));
    const version = home.info?.version;
    const query = version === undefined ? {} : { engineVersion: version };
    return judgeDaemonConfig(spec, this.#parts.daemonConfigs.check(principal, file, query));
  }

  async #reach(wantsToReach: boolean, located: Located, peer: Peer, instance: number | null): Promise<Verdict> {
    const { principal } = this.#lab;
    const { facts, mirror } = located;
    authorize(principal, 'exec', { kind: 'container', facts });
    const lookup = lookupIn(mirror);
    const target = peer.container === undefined ? null : this.#find(peer.container, instance);
    const addresses = target === null ? [peer.address ?? ''] : findAddresses(located, target);
    const source = findNamespace(mirror.engine.name, facts, lookup);
    if (source === null)
      throw new Failure('container_not_running', `"${facts.name}" does not run (it is ${facts.state})`);
    // What is no container's own address may be somebody's who accepts for another, and for nobody.
    const isHeld = target === null;
    const made = await this.#connect(
      { mirror, networkMode: source.networkMode },
      addresses.map((address) => ({ address, port: peer.port, isHeld })),
    );
    return judgeReach(wantsToReach, made, peer, describeNoAddress(located, target));
  }

  /** All that are asked for within one turn go to one helper. */
  async #connect(source: Source, wanted: readonly PlannedConnection[]): Promise<Attempt[]> {
    if (wanted.length === 0) return [];
    const batch = this.#connections.get(keyOf(source)) ?? this.#openBatch(source);
    batch.addresses.push(...wanted);
    const made = await batch.made;
    return wanted.flatMap(({ address, port }) => made.get(`${address} ${port}`) ?? []);
  }

  #openBatch(source: Source) {
    const addresses: PlannedConnection[] = [];
    const made = (async () => {
      await new Promise((resolve) => setImmediate(resolve));
      this.#connections.delete(keyOf(source));
      const planned = new Map(addresses.map((one) => [spellConnection(one), one]));
      const results = await this.#parts.verifier.connect(source, [...planned.values()], {
        signal: this.#signal,
        onMade: () => {},
      });
      const attempts = new Map<string, Attempt>();
      for (const [word, { address, port }] of planned) {
        const one = results.get(word);
        if (one === undefined || one.result === 'failed')
          throw new Failure(
            'engine_refused',
            `The connection to ${address}:${port} could not be tried: ${one?.detail}`,
          );
        attempts.set(`${address} ${port}`, {
          address,
          port,
          result: one.result,
          detail: one.detail,
        });
      }
      return attempts;
    })();
    const batch = { addresses, made };
    this.#connections.set(keyOf(source), batch);
    return batch;
  }
}

function keyOf({ mirror, networkMode }: Source): string {
  return `${mirror.engine.name} ${networkMode}`;
}

/** Where the target is to be tried. */
function findAddresses(source: Located, target: Located): string[] {
  const [here, there] = [source.mirror, target.mirror];
  if (here === there) return findPeerAddresses(source.facts, target.facts, lookupIn(here));
  const side = ({ facts, mirror }: Located) => ({ facts, lookup: lookupIn(mirror) });
  const addresses = findAddressesElsewhere(side(source), side(target), (address) => isTakenOn(here, address));
  if (addresses !== null) return addresses;
  throw new Failure(
    'engine_refused',
    `"${target.facts.name}" is in the namespace of another host, that of the engine ${there.engine.name}, whose address is not known here`,
    { hint: 'Name the address instead of the container.' },
  );
}

/** Does a network of this engine have it, whatever it is elsewhere? */
function isTakenOn(mirror: EngineMirror, text: string): boolean {
  const address = parseAddress(text);
  if (address === null) return false;
  return [...mirror.networks()].some(({ subnets }) =>
    subnets.some(({ subnet }) => {
      const parsed = parseSubnet(subnet)?.subnet;
      return parsed !== undefined && contains(parsed, address);
    }),
  );
}

function describeNoAddress(source: Located, target: Located | null): string | undefined {
  if (target === null || target.mirror === source.mirror) return undefined;
  const { name } = target.mirror.engine;
  return `"${target.facts.name}" is on the engine ${name}, and on no network with "${source.facts.name}"`;
}
