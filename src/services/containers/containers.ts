// Containers: the one service behind their routes. Each part tells a story of its own (reading, creation, lifecycle, rejoining); here they
// are put together.
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../../config.ts';
import type { LivePort } from '../../domain/container/facts.ts';
import { renderDockerPort, sortLivePorts } from '../../domain/ports/docker-port.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { Container } from '../../schemas/container.ts';
import type { CreateRequest, DryRun } from '../../schemas/create.ts';
import { Failure } from '../../schemas/failure.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import type { Clock } from '../clock.ts';
import type { Accounts } from '../credentials/accounts.ts';
import type { Images } from '../images/images.ts';
import type { LabEnds } from '../lab-ends.ts';
import type { LabOwners } from '../lab-owners.ts';
import type { SeenInodes } from '../seen-inodes.ts';
import { seenBy } from '../sight.ts';
import { createAutoRejoin } from './auto-rejoin.ts';
import { createContainerQuota } from './container-quota.ts';
import { hideHolder } from './create-failure.ts';
import { createCreation } from './creation.ts';
import { createIdempotency } from './idempotency.ts';
import { createLabNetworks, labOfNetwork } from './lab-networks.ts';
import { createLeftovers, type Leftovers } from './leftovers.ts';
import { createLifecycle, type LifecycleRequest } from './lifecycle.ts';
import type { Placed } from './placing.ts';
import { createPreparation, type Order, type OrderOptions } from './preparation.ts';
import { type ContainerReading, createReading } from './reading.ts';
import { createRejoinLock } from './rejoin-lock.ts';
import { createRejoining } from './rejoining.ts';
import { sweepReplacements } from './replacement-sweep.ts';
import { createReplacements, type Replacements } from './replacements.ts';
import { createViews, type Views } from './views.ts';

export interface CreatedContainer {
  readonly container: Container;
  /** True where an earlier request with the same Idempotency-Key had made it. */
  readonly replayed: boolean;
}

type Verb = 'start' | 'stop' | 'restart' | 'pause' | 'unpause' | 'rejoin';

/** What this service did since its start. */
export interface ContainerCounts {
  created: number;
  /** What was asked for was in order, and could not be made. */
  failed: number;
  removed: number;
}

export interface Containers extends ContainerReading {
  readonly views: Views;
  readonly counts: Readonly<ContainerCounts>;
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
  readonly onReplaced: Replacements['onReplaced'];
  readonly settle: Leftovers['settle'];
  /** Begins to remove what a killed server left half-made. */
  start(): void;
  /** Ends it; a rejoin that is under way is still waited for. */
  close(): Promise<void>;
}

/** What is not started so long after this server has begun to look is nobody's. A create and its start are 0.2 s apart, seconds under load. */
const halfMadeGraceMs = 5_000;
const secondLookMs = 3_000;

export function createContainers({
  config,
  catalogue,
  images,
  inodes,
  labEnds,
  labOwners,
  accounts,
  clock,
  log,
  serverId,
}: {
  config: Config;
  catalogue: Catalogue;
  images: Images;
  inodes: SeenInodes;
  labEnds: LabEnds;
  labOwners: LabOwners;
  accounts: Pick<Accounts, 'principalNamed' | 'quotasOf'>;
  clock: Clock;
  log: FastifyBaseLogger;
  serverId: string;
}): Containers {
  const { mirrors } = catalogue;
  const views = createViews(inodes, labEnds);
  const labNetworks = createLabNetworks();
  const leftovers = createLeftovers({ mirrors, log });
  const preparation = createPreparation({ config, catalogue, labOwners, clock });
  const creation = createCreation({ images, clock, labNetworks, leftovers, log });
  const quota = createContainerQuota({ mirrors, accounts });
  const idempotency = createIdempotency({ catalogue });
  const replacements = createReplacements(mirrors);
  const lock = createRejoinLock(serverId);
  const lifecycle = createLifecycle({ catalogue, labNetworks, lock });
  const rejoining = createRejoining({ config, catalogue, restarting: lifecycle, lock });
  const autoRejoin = createAutoRejoin({ mirrors, accounts, restarting: lifecycle, rejoining, lock, log });
  const verbs = { ...lifecycle, rejoin: rejoining.rejoin };
  const counts: ContainerCounts = { created: 0, failed: 0, removed: 0 };

  async function make(order: Order, signal: AbortSignal): Promise<Located> {
    const place = await preparation.place(order);
    try {
      return await makeThere(order, place, signal);
    } finally {
      place.done();
    }
  }

  async function makeThere(order: Order, place: Placed, signal: AbortSignal): Promise<Located> {
    const prepared = await preparation.prepare(order, place);
    const { mirror, plan, owner } = prepared;
    const free = quota.take(owner, { engine: mirror.engine.name, name: plan.name, memory: plan.spec.limits.memory });
    try {
      const facts = await creation.make(order, prepared, signal);
      counts.created += 1;
      return { mirror, facts };
    } catch (error) {
      counts.failed += 1;
      throw error;
    } finally {
      free();
    }
  }

  const show = (principal: Principal, { mirror, facts }: Located): Container =>
    views.show(seenBy(principal, mirror), facts);

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
      sweepReplacements({ mirror, discard: leftovers.discard, log, graceMs: halfMadeGraceMs }),
    ]);
    await labNetworks.sweep(mirror);
  }

  return {
    ...createReading({ catalogue, inodes, labEnds, views }),
    views,
    counts,
    onReplaced: replacements.onReplaced,
    settle: leftovers.settle,

    async remove(request) {
      await lifecycle.remove(request);
      counts.removed += 1;
    },

    async create(principal, request, options, signal) {
      const order = preparation.takeOrder(principal, request, options);
      const { requestKey } = order;
      try {
        if (requestKey === null) return { container: show(principal, await make(order, signal)), replayed: false };
        const unattended = new AbortController().signal;
        const made = await idempotency.once({ ...order, requestKey }, () => make(order, unattended));
        return { container: show(principal, made), replayed: made.replayed };
      } catch (error) {
        throw error instanceof Failure ? hideHolder(principal, mirrors, error) : error;
      }
    },

    async dryRun(principal, request, options) {
      const order = preparation.takeOrder(principal, request, options);
      const place = await preparation.place(order);
      place.done();
      const { mirror, plan } = await preparation.prepare(order, place);
      return {
        mode: request.mode,
        engine: mirror.engine.name,
        engineReason: place.reason,
        name: plan.name,
        request: plan.body,
        warnings: [...plan.warnings, ...(plan.obstacle === null ? [] : [plan.obstacle.message])],
      };
    },

    async change(verb, request) {
      return show(request.principal, await verbs[verb](request));
    },

    ports(principal, ref, engine) {
      const { facts } = catalogue.find(principal, ref, engine);
      authorize(principal, 'get', { kind: 'container', facts });
      return { ports: sortLivePorts(facts.ports), text: renderDockerPort(facts.ports) };
    },

    start() {
      autoRejoin.start();
      for (const mirror of mirrors) {
        cleanUp(mirror).catch((error) =>
          log.warn({ err: error, engine: mirror.engine.name }, 'the sweep did not end well'),
        );
      }
    },

    async close() {
      for (const stop of stops) stop();
      replacements.close();
      leftovers.close();
      await autoRejoin.close();
    },
  };
}
