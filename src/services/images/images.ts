// Images of the engines: listed, and pulled from the registries that are allowed. A pull that is wanted by many is done once.
import { formatFamiliar, parseImageReference } from '../../domain/image-reference.ts';
import type { Engine, ImageFacts } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Image, PullDone, PullStep } from '../../schemas/images.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import { isLostAnswer } from '../lost-answer.ts';
import { whileThere } from '../while-there.ts';
import { pullImage } from './pulling.ts';
import { SharedPull } from './shared-pull.ts';

export interface PullCall {
  readonly principal: Principal;
  /** As a user wrote it. */
  readonly image: string;
  readonly engine: Engine;
  /** Aborted, with a failure as its reason, when nobody waits for the image any more. */
  readonly signal: AbortSignal;
}

export interface Images {
  /** Of one engine, or of all; newest first. */
  list(principal: Principal, engine?: string): Promise<Image[]>;
  /** The engine of that name that pulls; see {@link Catalogue.mirror}. */
  engine(name?: string): Engine;
  /**
   * Begins a pull, or joins one that is under way, and answers once there is something to tell. Fails with `invalid_request`, `forbidden`
   * (a registry that is not allowed), `image_not_found`, `engine_refused` (a registry that the engine cannot reach); the steps fail alike.
   */
  pull(call: PullCall): Promise<AsyncIterable<(PullStep | PullDone)[]>>;
  /** Pulls to the end. Fails like {@link pull}. */
  supply(call: PullCall): Promise<Image>;
  /** Gives up every pull. */
  interrupt(): void;
}

export function createImages({
  catalogue,
  registries,
}: {
  catalogue: Catalogue;
  registries: readonly string[];
}): Images {
  const pulls = new Map<string, SharedPull>();
  const shutdown = new AbortController();

  /** The pull of this image that is under way on this engine, or a new one. */
  function share(engine: Engine, image: string): SharedPull {
    const key = `${engine.name} ${image}`;
    const present = pulls.get(key);
    if (present !== undefined) return present;
    const pull = new SharedPull({
      pull: (signal) => pullImage(engine, image, signal),
      onEnd: () => pulls.delete(key),
    });
    pulls.set(key, pull);
    return pull;
  }

  async function* steps({ principal, image, engine, signal }: PullCall): AsyncGenerator<(PullStep | PullDone)[]> {
    authorize(principal, 'pull', { kind: 'image', ref: image });
    const name = requirePullable(image, registries);
    yield* share(engine, name).join(AbortSignal.any([signal, shutdown.signal]));
    yield [{ done: true, image: showImage(engine, await engine.inspectImage(name)) }];
  }

  return {
    async list(principal, engineName) {
      const mirrors = engineName === undefined ? catalogue.mirrors : [catalogue.mirror(engineName)];
      for (const { engine } of mirrors) authorize(principal, 'list_images', { kind: 'engine', name: engine.name });
      const lists = await Promise.allSettled(
        mirrors.map(async (mirror) => {
          const { engine } = mirror;
          return (await whileThere(mirror, engine.listImages())).map((facts) => showImage(engine, facts));
        }),
      );
      const answered = lists.flatMap((list) => (list.status === 'fulfilled' ? [list.value] : []));
      // An engine that is away keeps nobody from the images of the others.
      for (const list of lists)
        if (list.status === 'rejected' && (answered.length === 0 || !isLostAnswer(list.reason))) throw list.reason;
      return answered.flat().sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0));
    },
    engine: (name) => catalogue.mirror(name).engine,
    pull: async (call) => afterFirst(steps(call)),
    async supply(call) {
      let image: Image | undefined;
      for await (const batch of steps(call)) for (const step of batch) if ('done' in step) image = step.image;
      if (image === undefined) throw new Failure('engine_refused', `The pull of ${call.image} ended without the image`);
      return image;
    },
    interrupt() {
      shutdown.abort(
        new Failure('shutting_down', 'The server is shutting down; the pull was given up', { retryAfter: 5 }),
      );
    },
  };
}

/** The reference in full as Docker shows it, where it may be pulled. */
function requirePullable(image: string, registries: readonly string[]): string {
  const reference = parseImageReference(image);
  if (reference.kind === 'id') {
    throw new Failure('image_not_found', `"${image}" is the id of an image, and an id cannot be pulled`, {
      field: 'image',
      hint: 'Name it as its registry does: [registry/]repository[:tag]',
    });
  }
  const { registry } = reference;
  if (!registries.includes(registry)) {
    throw new Failure('forbidden', `Images may not be pulled from ${registry}`, {
      field: 'image',
      hint: `Allowed registries: ${registries.join(', ') || 'none'}; TERRARIUM_REGISTRIES sets them.`,
    });
  }
  return formatFamiliar(reference);
}

function showImage(engine: Engine, { id, tags, digests, createdAt, size }: ImageFacts): Image {
  return { engine: engine.name, id, tags: [...tags], digests: [...digests], createdAt, size };
}

/** Waits for the first item, so that a failure before it is the caller's and not a reader's. */
async function afterFirst<T>(items: AsyncGenerator<T>): Promise<AsyncGenerator<T>> {
  const first = await items.next();
  return (async function* () {
    try {
      if (!first.done) yield first.value;
      yield* items;
    } finally {
      await items.return(undefined);
    }
  })();
}
