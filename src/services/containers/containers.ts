// Containers: the one service behind their routes. Each part tells a story of its own (reading, creation, lifecycle, rejoining); here they
// are put together.
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../../config.ts';
import type { LivePort } from '../../domain/container/facts.ts';
import { renderDockerPort, sortLivePorts } from '../../domain/ports/docker-port.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { Container } from '../../schemas/container.ts';
import type { CreateRequest, DryRun } from '../../schemas/create.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import type { Images } from '../images/images.ts';
import type { SeenInodes } from '../seen-inodes.ts';
import type { Clock } from '../services.ts';
import { createCreation } from './creation.ts';
import { createIdempotency } from './idempotency.ts';
import { createLabNetworks, labOfNetwork } from './lab-networks.ts';
import { createLeftovers } from './leftovers.ts';
import { createLifecycle, type LifecycleRequest } from './lifecycle.ts';
import { createPreparation, type OrderOptions } from './preparation.ts';
import { type ContainerReading, createReading } from './reading.ts';
import { createRejoining, type Rejoining } from './rejoining.ts';
import { createViews, type Views } from './views.ts';

export interface CreatedContainer {
  readonly container: Container;
  /** True where an earlier request with the same Idempotency-Key had made it. */
  readonly replayed: boolean;
}

type Verb = 'start' | 'stop' | 'restart' | 'pause' | 'unpause' | 'rejoin';

export interface Containers extends ContainerReading {
  readonly views: Views;
  /**
   * Creates and starts a container. Where `signal` is aborted before that is done, nothing is left of it, unless it has an idempotency key:
   * then the retry finds it.
   */
  create(
    principal: Principal,
    request: CreateRequest,
    options: OrderOptions,
    signal: AbortSignal,
  ): Promise<CreatedContainer>;
  /** What {@link create} would send. Makes nothing. */
  dryRun(principal: Principal, request: CreateRequest, options: OrderOptions): Promise<DryRun>;
  /** Runs a verb of the lifecycle and answers what the container is then. */
  change(verb: Verb, request: LifecycleRequest & { readonly rejoin?: boolean | undefined }): Promise<Container>;
  /** Removes it with its anonymous volumes, running or not. */
  remove(request: LifecycleRequest): Promise<void>;
  /** What `docker port` shows, as data and as its text. */
  ports(principal: Principal, ref: string, engine?: string): { readonly ports: LivePort[]; readonly text: string };
  readonly onReplaced: Rejoining['onReplaced'];
  /** Begins to remove what a killed server left half-made. */
  start(): void;
  close(): void;
}

/** What is not started so long after this server has begun to look is nobody's. A create and its start are 0.2 s apart, seconds under load. */
const halfMadeGraceMs = 5_000;
const secondLookMs = 3_000;

export function createContainers({
  config,
  catalogue,
  images,
  inodes,
  clock,
  log,
}: {
  config: Config;
  catalogue: Catalogue;
  images: Images;
  inodes: SeenInodes;
  clock: Clock;
  log: FastifyBaseLogger;
}): Containers {
  const { mirrors } = catalogue;
  const views = createViews(inodes);
  const labNetworks = createLabNetworks();
  const leftovers = createLeftovers({ mirrors, log });
  const preparation = createPreparation({ config, catalogue, clock });
  const creation = createCreation({ images, clock, labNetworks, leftovers, log });
  const idempotency = createIdempotency({ catalogue });
  const lifecycle = createLifecycle({ catalogue, labNetworks });
  const rejoining = createRejoining({ config, catalogue, restarting: lifecycle });
  const verbs = { ...lifecycle, rejoin: rejoining.rejoin };

  const show = ({ mirror, facts }: Located): Container => views.show(mirror, facts);

  /** What is removed by whatever means (`docker rm`, its own end, the end of its life time) may be the last of its lab. */
  const stops = mirrors.map((mirror) =>
    mirror.onContainer(({ before, after }) => {
      const lab = before === null || after !== null ? undefined : labOfNetwork(before);
      if (lab === undefined) return;
      labNetworks
        .release(mirror, lab)
        .catch((error) => log.warn({ err: error, engine: mirror.engine.name, lab }, 'a lab network was left behind'));
    }),
  );

  async function cleanUp(mirror: EngineMirror): Promise<void> {
    await mirror.settled();
    // Twice: the engine may still be about to end a create whose server was killed just now.
    await Promise.all([
      leftovers.sweepHalfMade(mirror, 0, halfMadeGraceMs),
      leftovers.sweepHalfMade(mirror, secondLookMs, halfMadeGraceMs),
    ]);
    await labNetworks.sweep(mirror);
  }

  return {
    ...createReading({ catalogue, inodes, views }),
    views,
    onReplaced: rejoining.onReplaced,
    remove: lifecycle.remove,

    async create(principal, request, options, signal) {
      const order = preparation.takeOrder(principal, request, options);
      const { requestKey } = order;
      if (requestKey === null) {
        const prepared = await preparation.prepare(order);
        const facts = await creation.make(order, prepared, signal);
        return { container: views.show(prepared.mirror, facts), replayed: false };
      }
      const made = await idempotency.once({ ...order, requestKey }, async () => {
        const prepared = await preparation.prepare(order);
        const unattended = new AbortController().signal;
        return { mirror: prepared.mirror, facts: await creation.make(order, prepared, unattended) };
      });
      return { container: show(made), replayed: made.replayed };
    },

    async dryRun(principal, request, options) {
      const { mirror, plan } = await preparation.prepare(preparation.takeOrder(principal, request, options));
      return {
        mode: request.mode,
        engine: mirror.engine.name,
        name: plan.name,
        request: plan.body,
        warnings: [...plan.warnings, ...(plan.obstacle === null ? [] : [plan.obstacle.message])],
      };
    },

    async change(verb, request) {
      return show(await verbs[verb](request));
    },

    ports(principal, ref, engine) {
      const { facts } = catalogue.find(ref, engine);
      authorize(principal, 'get', { kind: 'container', facts });
      return { ports: sortLivePorts(facts.ports), text: renderDockerPort(facts.ports) };
    },

    start() {
      for (const mirror of mirrors) {
        cleanUp(mirror).catch((error) =>
          log.warn({ err: error, engine: mirror.engine.name }, 'the sweep did not end well'),
        );
      }
    },

    close() {
      for (const stop of stops) stop();
      leftovers.close();
    },
  };
}
