// The samplers of one engine: one a namespace, made when first asked for, ended when nobody asks any more or the namespace is gone.

import { isAlive } from '../../domain/container/join-chain.ts';
import type { NamespaceTarget } from '../../domain/observation/namespace-target.ts';
import type { ContainerChange, EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { SeenInodes } from '../seen-inodes.ts';
import { buildHelperBody } from './helper-body.ts';
import { lookByHelper } from './helper-lookout.ts';
import type { Lookout } from './lookout.ts';
import { Metronome } from './metronome.ts';
import { EngineProbes, type ProbeNumbers } from './probe/engine-probes.ts';
import { buildProbeBody } from './probe/probe-body.ts';
import { Sampler } from './sampler.ts';
import { createServantStarter, type ServantStarter } from './servant-starter.ts';
import { isAboutTarget } from './target.ts';

export interface SamplerRegistryOptions {
  readonly mirror: EngineMirror;
  readonly observer: Observer;
  readonly helperImage: string;
  readonly serverId: string;
  readonly inodes: SeenInodes;
  readonly log: ObservationLog;
  now(): number;
}

/** By what namespaces are looked into: a probe of the engine's where it can, or a helper in each. */
export type Observer = 'probe' | 'helper';

/** The part of a logger that observation needs. */
export interface ObservationLog {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export class SamplerRegistry {
  readonly #options: SamplerRegistryOptions;
  readonly #start: ServantStarter;
  readonly #samplers = new Map<string, { readonly sampler: Sampler; readonly target: NamespaceTarget }>();
  /** Namespaces that live and that a helper has seen. */
  readonly #seen = new Map<string, NamespaceTarget>();
  readonly #metronome = new Metronome();
  readonly #leaving = new Set<Promise<void>>();
  readonly #unlisten: readonly (() => void)[];
  /** Undefined where helpers are to do it all. */
  readonly #probes: EngineProbes | undefined;
  #closed = false;

  constructor(options: SamplerRegistryOptions) {
    this.#options = options;
    this.#start = createServantStarter({
      engine: options.mirror.engine,
      image: options.helperImage,
      closedBy: () => (this.#closed ? shuttingDown() : undefined),
    });
    this.#probes = options.observer === 'probe' ? this.#createProbes() : undefined;
    this.#unlisten = [
      options.mirror.onContainer((change) => this.#retireEnded(change)),
      options.mirror.onStatus(({ state }) => {
        if (state !== 'live') return;
        this.#start.doubt();
        this.#probes?.reset();
        for (const { sampler } of this.#samplers.values()) sampler.nudge();
      }),
    ];
  }

  /** Who looks, and why a helper where a probe was wanted. */
  get standing(): { readonly via: Observer; readonly reason: string | null } {
    if (this.#probes === undefined) return { via: 'helper', reason: null };
    const { refusal } = this.#probes;
    return { via: refusal === null ? 'probe' : 'helper', reason: refusal };
  }

  /** Undefined where no probe is wanted. */
  get probeNumbers(): ProbeNumbers | undefined {
    return this.#probes?.numbers;
  }

  /** The sampler of the namespace. */
  get(target: NamespaceTarget): Sampler {
    if (this.#closed) throw shuttingDown();
    const known = this.#samplers.get(target.id);
    if (known !== undefined) return known.sampler;
    const sampler = new Sampler({
      namespaceId: target.id,
      metronome: this.#metronome,
      now: this.#options.now,
      open: () => this.#open(target),
      onFailure: (failure) => this.#report(target, failure),
      onLeaving: (gone) => this.#awaitLeaving(gone),
      onRetired: () => {
        if (this.#samplers.get(target.id)?.sampler === sampler) this.#samplers.delete(target.id);
      },
    });
    this.#samplers.set(target.id, { sampler, target });
    return sampler;
  }

  /** Ends every sampler, and resolves when all their helpers are gone, or the engine cannot be asked. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const unlisten of this.#unlisten) unlisten();
    for (const { sampler } of [...this.#samplers.values()]) sampler.retire(shuttingDown());
    this.#probes?.close();
    await Promise.all(this.#leaving);
  }

  #awaitLeaving(gone: Promise<void>): void {
    this.#leaving.add(gone);
    void gone.finally(() => this.#leaving.delete(gone));
  }

  async #open(target: NamespaceTarget): Promise<Lookout> {
    const lookout = (await this.#probes?.open(target)) ?? (await this.#openHelper(target));
    if (lookout.inode !== null) {
      this.#seen.set(target.id, target);
      this.#options.inodes.see(target.id, lookout.inode);
    }
    return lookout;
  }

  async #openHelper({ networkMode }: NamespaceTarget): Promise<Lookout> {
    const { serverId, now } = this.#options;
    const body = (image: string) => (boundary: string) => buildHelperBody({ image, networkMode, serverId, boundary });
    return lookByHelper(await this.#start('helper', body), now);
  }

  #createProbes(): EngineProbes {
    const { mirror, serverId, now, log } = this.#options;
    const body = (image: string) => (boundary: string) => buildProbeBody({ image, serverId, boundary });
    return new EngineProbes({
      mirror,
      metronome: this.#metronome,
      now,
      start: () => this.#start('probe', body),
      openHelper: (target) => this.#openHelper(target),
      onLeaving: (gone) => this.#awaitLeaving(gone),
      onRefused: (failure) =>
        log.warn({ err: failure, engine: mirror.engine.name }, 'the engine runs no probe: helpers observe instead'),
    });
  }

  /** A mistake of ours is an error; that nobody could look is worth knowing, unless nothing is there to be seen any more. */
  #report(target: NamespaceTarget, failure: Failure): void {
    if (isAboutTarget(failure)) return;
    const details = { err: failure.cause ?? failure, engine: this.#options.mirror.engine.name, namespace: target.id };
    this.#options.log[failure.code === 'internal' ? 'error' : 'warn'](
      details,
      'no sample of a namespace could be taken',
    );
  }

  /** A helper keeps the namespace of a stopped container alive, so it has to go at once. */
  #retireEnded({ id, after }: ContainerChange): void {
    const hasEnded = ({ anchor }: NamespaceTarget) =>
      anchor?.id === id && (after === null || !isAlive(after) || after.startedAt !== anchor.startedAt);
    for (const { sampler, target } of [...this.#samplers.values()]) if (hasEnded(target)) sampler.retire();
    for (const target of [...this.#seen.values()]) {
      if (!hasEnded(target)) continue;
      this.#seen.delete(target.id);
      this.#options.inodes.forget(target.id);
    }
  }
}

function shuttingDown(): Failure {
  return new Failure('shutting_down', 'The server is shutting down');
}
