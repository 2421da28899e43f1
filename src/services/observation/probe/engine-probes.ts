// The probes of one engine, and whether it lets us have any: which namespaces they can look into, who is in them, and why a helper has to do it
// where they cannot.
import { isDeepStrictEqual } from 'node:util';
import { isAlive } from '../../../domain/container/join-chain.ts';
import { helperLimits } from '../../../domain/observation/helper-output.ts';
import type { NamespaceTarget } from '../../../domain/observation/namespace-target.ts';
import type { ProbeTarget } from '../../../domain/observation/probe-protocol.ts';
import { chooseProbeTarget, groupByNamespace } from '../../../domain/observation/probe-target.ts';
import { parseResolver } from '../../../domain/observation/resolver.ts';
import { mostOwed, shareOf, WalkAllowance } from '../../../domain/observation/walk-allowance.ts';
import { canChangeInterfaces, describeWiring, type Wiring } from '../../../domain/observation/wiring.ts';
import type { EngineEvent } from '../../../engine/engine.ts';
import type { EngineMirror } from '../../../engine/mirror.ts';
import { Failure } from '../../../schemas/failure.ts';
import type { Resolver } from '../../../schemas/ifconfig.ts';
import type { Helper } from '../helper.ts';
import type { Lookout } from '../lookout.ts';
import type { Metronome } from '../metronome.ts';
import { isAboutTarget, lookupIn } from '../target.ts';
import { Probe, type ProbeTotals } from './probe.ts';
import { lookByProbe } from './probe-lookout.ts';
import { type ProbeCounts, ProbeMeter } from './probe-meter.ts';

export interface EngineProbesOptions {
  readonly mirror: EngineMirror;
  /** Shared by all whose looks are answered together. */
  readonly metronome: Metronome;
  /** Starts a probe, or fails as starting any helper does. */
  start(): Promise<Helper>;
  /** Opens a helper in the namespace. */
  openHelper(target: NamespaceTarget): Promise<Lookout>;
  onLeaving(gone: Promise<void>): void;
  /** The engine does not let us have a probe: told once, until it does. */
  onRefused(failure: Failure): void;
  now(): number;
}

export type ProbeNumbers = ProbeTotals & ProbeCounts;

/** What is known of a namespace as of a revision of the mirror. */
interface Known {
  readonly revision: number;
  readonly target: ProbeTarget | null;
  readonly wiring: Wiring;
}

/** Starts that may fail in a row before the engine is taken to refuse: one may be an accident. */
const startsBeforeRefusal = 2;
/** Milliseconds after which an engine that refused is asked again. */
const refusalLastsMs = 60_000;

export class EngineProbes {
  readonly #options: EngineProbesOptions;
  readonly #probes: { readonly common: Probe; readonly giants: Probe };
  readonly #meter = new ProbeMeter();
  readonly #unlisten: readonly (() => void)[];
  #failedStarts = 0;
  #refusal: { readonly reason: string; readonly at: number } | undefined;
  /** Namespaces in which somebody was who can change interfaces: what was done stays when they have left. */
  readonly #changeable = new Set<string>();
  readonly #known = new Map<string, Known>();
  #groups: { readonly revision: number; readonly byId: ReturnType<typeof groupByNamespace> } | undefined;

  constructor(options: EngineProbesOptions) {
    this.#options = options;
    this.#unlisten = [
      options.mirror.onEvent((event) => void this.#noticeExec(event)),
      // Somebody has joined or left a namespace, perhaps: the probe has to be told whose CPU time counts there.
      options.mirror.onContainer(() => {
        this.#probes.common.hurry();
        this.#probes.giants.hurry();
      }),
    ];
    const make = (kind: 'common' | 'giants') =>
      new Probe({
        allowance: new WalkAllowance(performance.now(), mostOwed[kind]),
        share: () => shareOf(kind, { areGiantsThere: this.#probes.giants.isUsed }),
        start: () => this.#start(),
        metronome: options.metronome,
        now: options.now,
        onLeaving: options.onLeaving,
      });
    this.#probes = { common: make('common'), giants: make('giants') };
  }

  /** Why helpers look instead, null where nothing speaks against probes. */
  get refusal(): string | null {
    const remapped = this.#options.mirror.info?.securityOptions.some((option) => option.startsWith('name=userns'));
    if (remapped === true) return 'The engine remaps users, and then shows no container the processes of others';
    return this.#refusal?.reason ?? null;
  }

  get numbers(): ProbeNumbers {
    const [a, b] = [this.#probes.common.totals, this.#probes.giants.totals];
    return {
      questions: a.questions + b.questions,
      walks: a.walks + b.walks,
      walkNs: a.walkNs + b.walkNs,
      cpuNs: a.cpuNs + b.cpuNs,
      ...this.#meter.counts,
    };
  }

  /** Looks into the namespace. Null where no probe can: a helper has to. Fails as starting a probe does, and as its first look. */
  async open(target: NamespaceTarget): Promise<Lookout | null> {
    if (this.#refusal !== undefined && performance.now() - this.#refusal.at > refusalLastsMs) this.#allow();
    if (this.refusal !== null || this.#know(target).target === null) return null;
    const { openHelper, now, mirror } = this.#options;
    try {
      return await lookByProbe({
        probes: this.#probes,
        meter: this.#meter,
        target: () => this.#know(target).target,
        sandbox: this.#sandbox(target, mirror),
        wiring: () => this.#know(target).wiring,
        readResolver: () => this.#readResolver(target),
        openHelper: () => openHelper(target),
        now,
      });
    } catch (error) {
      if (this.refusal !== null || (await this.#isUnseen(target, error))) return null;
      throw error;
    }
  }

  /** The engine says that the container runs, and the probe does not see its process: for this one a helper has to look. */
  async #isUnseen(namespace: NamespaceTarget, error: unknown): Promise<boolean> {
    const { target } = this.#know(namespace);
    if (target === null || !isAboutTarget(error)) return false;
    const now = await this.#options.mirror.refresh(target.container);
    return now !== undefined && isAlive(now) && now.pid === target.pid;
  }

  /** The engine came back, perhaps as another one. */
  reset(): void {
    this.#allow();
    this.#probes.common.assure();
    this.#probes.giants.assure();
  }

  close(): void {
    for (const unlisten of this.#unlisten) unlisten();
    this.#probes.common.close();
    this.#probes.giants.close();
  }

  #allow(): void {
    this.#refusal = undefined;
    this.#failedStarts = 0;
  }

  async #start(): Promise<Helper> {
    try {
      const helper = await this.#options.start();
      this.#failedStarts = 0;
      return helper;
    } catch (error) {
      if (error instanceof Failure) this.#judge(error);
      throw error;
    }
  }

  /** A plain no is believed; a probe that ends at once, while the engine is there, is believed the second time. */
  #judge(failure: Failure): void {
    if (failure.code === 'shutting_down' || this.#options.mirror.status().state !== 'live') return;
    this.#failedStarts += 1;
    const isPlain = failure.code === 'engine_refused' || failure.code === 'invalid_request';
    if (!isPlain && this.#failedStarts < startsBeforeRefusal) return;
    this.#refusal = { reason: `The engine runs no probe: ${failure.message}`, at: performance.now() };
    this.#options.onRefused(failure);
  }

  /** Who a target is now, and how the engine says that it is connected: worked out anew when the mirror has changed, and the same objects while the answer is. */
  #know(namespace: NamespaceTarget): Known {
    const { mirror } = this.#options;
    const last = this.#known.get(namespace.id);
    if (last?.revision === mirror.revision) return last;
    const members = this.#members().get(namespace.id) ?? [];
    const target = chooseProbeTarget(namespace, members);
    const owner = namespace.anchor === null ? null : (mirror.container(namespace.anchor.id) ?? null);
    const described = describeWiring(owner, members, (id) => mirror.network(id));
    const wiring = this.#changeable.has(namespace.id) ? { ...described, isChangeable: true } : described;
    const known = {
      revision: mirror.revision,
      target: isDeepStrictEqual(last?.target, target) ? (last?.target ?? null) : target,
      wiring: last !== undefined && isDeepStrictEqual(last.wiring, wiring) ? last.wiring : wiring,
    };
    this.#known.set(namespace.id, known);
    return known;
  }

  /** Who is in each namespace now. */
  #members(): ReturnType<typeof groupByNamespace> {
    const { mirror } = this.#options;
    if (this.#groups?.revision === mirror.revision) return this.#groups.byId;
    const byId = groupByNamespace(mirror.engine.name, mirror.containers(), lookupIn(mirror));
    this.#groups = { revision: mirror.revision, byId };
    for (const [id, members] of byId) if (members.some(canChangeInterfaces)) this.#changeable.add(id);
    for (const id of this.#changeable) if (!byId.has(id)) this.#changeable.delete(id);
    for (const id of this.#known.keys()) if (!byId.has(id)) this.#known.delete(id);
    return byId;
  }

  /** A privileged exec may change interfaces, whatever its container may. Only where somebody looks is it worth a question. */
  async #noticeExec({ type, action, id, attributes }: EngineEvent): Promise<void> {
    if (type !== 'container' || action !== 'exec_start' || attributes.execID === undefined) return;
    const namespace = [...this.#members()].find(([, members]) => members.some((one) => one.id === id))?.[0];
    if (namespace === undefined || !this.#known.has(namespace) || this.#changeable.has(namespace)) return;
    const state = await this.#options.mirror.engine.inspectExec(attributes.execID).catch(() => undefined);
    if (state?.privileged !== true) return;
    this.#changeable.add(namespace);
    this.#known.delete(namespace);
  }

  /** All in the namespace share the file of the one that it is of. Whoever is inside may have put something else in its place. */
  async #readResolver({ anchor }: NamespaceTarget): Promise<Resolver> {
    if (anchor === null) return parseResolver('');
    const reading = this.#options.mirror.engine.readFile(anchor.id, '/etc/resolv.conf');
    const text = await reading.catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'engine_refused') return '';
      throw error;
    });
    return parseResolver(text.slice(0, helperLimits.resolverBytes));
  }

  /** File name of the namespace in the engine's folder; the host's has one too. */
  #sandbox({ anchor }: NamespaceTarget, mirror: EngineMirror): string {
    if (anchor === null) return 'default';
    return mirror.container(anchor.id)?.sandboxKey.split('/').at(-1) ?? '';
  }
}
