// The samplers of one engine: one a namespace, made when first asked for, ended when nobody asks any more or the namespace is gone.

import pLimit from 'p-limit';
import { isAlive } from '../../domain/container/join-chain.ts';
import type { NamespaceTarget } from '../../domain/observation/namespace-target.ts';
import type { ContainerChange, EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { SeenInodes } from '../seen-inodes.ts';
import { type Helper, startHelper } from './helper.ts';
import { pinImage } from './helper-image.ts';
import { Sampler } from './sampler.ts';

export interface SamplerRegistryOptions {
  readonly mirror: EngineMirror;
  readonly helperImage: string;
  readonly serverId: string;
  readonly inodes: SeenInodes;
  readonly log: ObservationLog;
  now(): number;
}

/** The part of a logger that observation needs. */
export interface ObservationLog {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Helpers that are started at once: more only wait for each other inside the engine, and for it wait everyone else. */
const startsAtOnce = 4;

export class SamplerRegistry {
  readonly #options: SamplerRegistryOptions;
  readonly #image: ReturnType<typeof pinImage>;
  readonly #limitStarts = pLimit(startsAtOnce);
  readonly #samplers = new Map<string, { readonly sampler: Sampler; readonly target: NamespaceTarget }>();
  /** Namespaces that live and that a helper has seen. */
  readonly #seen = new Map<string, NamespaceTarget>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #unlisten: readonly (() => void)[];
  #closed = false;

  constructor(options: SamplerRegistryOptions) {
    this.#options = options;
    this.#image = pinImage(options.mirror.engine, options.helperImage);
    this.#unlisten = [
      options.mirror.onContainer((change) => this.#retireEnded(change)),
      options.mirror.onStatus(({ state }) => {
        if (state === 'live') for (const { sampler } of this.#samplers.values()) sampler.nudge();
      }),
    ];
  }

  /** The sampler of the namespace. */
  get(target: NamespaceTarget): Sampler {
    if (this.#closed) throw shuttingDown();
    const known = this.#samplers.get(target.id);
    if (known !== undefined) return known.sampler;
    const sampler = new Sampler({
      namespaceId: target.id,
      now: this.#options.now,
      startHelper: () => this.#limitStarts(() => this.#startHelper(target)),
      onFailure: (failure) => this.#report(target, failure),
      onLeaving: (gone) => {
        this.#leaving.add(gone);
        void gone.finally(() => this.#leaving.delete(gone));
      },
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
    await Promise.all(this.#leaving);
  }

  async #startHelper(target: NamespaceTarget): Promise<Helper> {
    const { mirror, serverId } = this.#options;
    const { networkMode } = target;
    // It may have waited for its turn.
    if (this.#closed) throw shuttingDown();
    const start = async () =>
      startHelper({ engine: mirror.engine, image: await this.#image.id(), networkMode, serverId });
    const helper = await start().catch((error: unknown) => {
      if (!(error instanceof Failure && error.code === 'image_not_found')) throw error;
      // The image was removed, or built anew under its name: what the name means now is as good.
      this.#image.forget();
      return start();
    });
    if (helper.inode !== null) {
      this.#seen.set(target.id, target);
      this.#options.inodes.see(target.id, helper.inode);
    }
    return helper;
  }

  /** A mistake of ours is an error; that no helper could look, for whatever reason, is worth knowing. */
  #report(target: NamespaceTarget, failure: Failure): void {
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
