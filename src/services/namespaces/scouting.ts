// Sends a scout to an engine's host, for what no `ps` of a container shows: the host's own namespaces, and the process that is no container's.

import { unknownInodes } from '../../domain/namespaces/process.ts';
import { readHostInodes, type ScoutAnswer } from '../../domain/namespaces/scouting.ts';
import type { HostPlace } from '../../domain/namespaces/sharing.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import { type Helper, startHelper } from '../observation/helper.ts';
import { type PinnedImage, pinImage } from '../observation/helper-image.ts';
import { buildScoutBody } from './scout-body.ts';

export interface ScoutingOptions {
  readonly mirror: EngineMirror;
  readonly helperImage: string;
  readonly serverId: string;
}

/** Milliseconds after which an engine that let us have no scout is asked again. */
const refusalLastsMs = 60_000;

export class Scouting {
  readonly #options: ScoutingOptions;
  readonly #image: PinnedImage;
  readonly #unlisten: () => void;
  #host: Promise<HostPlace> | undefined;
  #failedAt: number | undefined;
  readonly #leaving = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: ScoutingOptions) {
    this.#options = options;
    this.#image = pinImage(options.mirror.engine, options.helperImage);
    this.#unlisten = options.mirror.onStatus(({ state }) => {
      // It came back, perhaps as another one.
      if (state === 'live') this.#host = undefined;
    });
  }

  /** The host's own namespaces: asked for once, as they stay. Never fails: what cannot be seen is null, for the reason. */
  async host(): Promise<HostPlace> {
    const { state } = this.#options.mirror.status();
    if (state !== 'live') return this.#host ?? { inodes: unknownInodes, reason: 'The engine does not answer' };
    const mayAskAgain = this.#failedAt !== undefined && performance.now() - this.#failedAt > refusalLastsMs;
    if (this.#host === undefined || mayAskAgain) {
      this.#failedAt = undefined;
      this.#host = this.#readHost();
    }
    return this.#host;
  }

  /** Sends one scout, asks it the questions in turn, and answers what `inquire` makes of it. Fails as starting a helper does. */
  send<T>(inquire: (ask: (words: readonly string[]) => Promise<ScoutAnswer>) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Failure('shutting_down', 'The server is shutting down'));
    let gone: Promise<void> = Promise.resolve();
    const answer = this.#start().then((scout) =>
      inquire((words) => scout.tick(words)).finally(() => {
        gone = scout.dispose().catch(() => {}); // it ends with its stdin
      }),
    );
    const left = answer.then(
      () => gone,
      () => gone,
    );
    this.#leaving.add(left);
    void left.then(() => this.#leaving.delete(left));
    return answer;
  }

  async #start(): Promise<Helper> {
    const { mirror, serverId } = this.#options;
    const { engine } = mirror;
    const image = await this.#image.id();
    const body = (boundary: string) => buildScoutBody({ image, serverId, boundary });
    return startHelper({ engine, kind: 'helper', body }).catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'image_not_found') this.#image.forget();
      throw error;
    });
  }

  /** Resolves when no scout is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unlisten();
    await Promise.all(this.#leaving);
  }

  async #readHost(): Promise<HostPlace> {
    try {
      return { inodes: readHostInodes(await this.send((ask) => ask(['host']))), reason: null };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#failedAt = performance.now();
      return { inodes: unknownInodes, reason: error.message };
    }
  }
}
