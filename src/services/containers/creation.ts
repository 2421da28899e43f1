// Makes a container: image, network, create, start, in this order, and nothing is left of it when a step fails, the caller goes away, or the
// engine's answer is lost. What is sent is the plan's body, unchanged.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Attachment } from '../../domain/container/container-spec.ts';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isManaged } from '../../domain/container/managed.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Clock } from '../clock.ts';
import type { Images } from '../images/images.ts';
import { isLostAnswer } from '../lost-answer.ts';
import { seenBy } from '../sight.ts';
import { blameField, explainStart } from './create-failure.ts';
import type { LabNetworks } from './lab-networks.ts';
import type { Leftovers } from './leftovers.ts';
import type { Order, Prepared } from './preparation.ts';

/** Creates and starts under way at a time, on one engine. Fewer leave its cores idle between their steps, more only make each other slower there. */
const creationLimit = 16;
/**
 * How often a start is tried again: because the lab's network was removed under it, because a swarm took too long to give it a place, or (after a pause)
 * because the node had not been told of the network.
 */
const retries = { network: 3, place: 1, told: 4, pauseMs: 500 } as const;

export interface Creation {
  /** Returns what was made, running (or ended already). `signal` is aborted when nobody waits for it any more. */
  make(order: Order, prepared: Prepared, signal: AbortSignal): Promise<ContainerFacts>;
}

export function createCreation({
  images,
  clock,
  labNetworks,
  leftovers,
  log,
}: {
  images: Images;
  clock: Clock;
  labNetworks: LabNetworks;
  leftovers: Leftovers;
  log: FastifyBaseLogger;
}): Creation {
  const limits = new WeakMap<EngineMirror, LimitFunction>();
  function limitOf(mirror: EngineMirror): LimitFunction {
    const limit = limits.get(mirror) ?? pLimit(creationLimit);
    limits.set(mirror, limit);
    return limit;
  }

  async function make(order: Order, prepared: Prepared, signal: AbortSignal): Promise<ContainerFacts> {
    const { mirror, plan } = prepared;
    const { lab } = order.request;
    if (plan.labNetwork === null || lab === undefined) return makeOnNetwork(order, prepared, signal);
    const hold = await labNetworks.hold(mirror, lab, prepared.owner);
    try {
      return await makeOnNetwork(order, prepared, signal);
    } catch (error) {
      hold.done();
      await labNetworks
        .release(mirror, lab)
        .catch((cause) => log.warn({ err: cause, lab }, 'a lab network was left behind'));
      throw error;
    } finally {
      hold.done();
    }
  }

  async function makeOnNetwork(order: Order, prepared: Prepared, signal: AbortSignal): Promise<ContainerFacts> {
    const { mirror, plan } = prepared;
    await leftovers.settle(mirror, plan.name);
    if (order.request.pull === 'always') await supply(order, mirror, plan.spec.image, signal);
    const id = await create(order, prepared, signal);
    try {
      requireCaller(signal);
      // One that ends at once and removes itself can be seen only before it starts.
      const made = plan.spec.autoRemove ? await mirror.refresh(id) : undefined;
      await start(order, prepared, id);
      const facts = await seeStarted(mirror, id);
      requireCaller(signal);
      const shown = facts ?? (made === undefined ? undefined : { ...made, state: 'removing' as const });
      if (shown === undefined) {
        throw new Failure(
          'state_conflict',
          `The container "${plan.name}" was removed by someone else as soon as it was made`,
        );
      }
      if (!isManaged(shown)) throw describeSwap(plan.spec.image);
      return shown;
    } catch (error) {
      await leftovers.discard(mirror, id);
      throw error;
    }
  }

  async function create(order: Order, { mirror, plan }: Prepared, signal: AbortSignal): Promise<string> {
    const attempt = async () => {
      const since = clock.now() + mirror.clockOffsetMs;
      try {
        // Never cut short by the caller: what the engine has begun it ends, and then we know its id.
        return (await mirror.engine.createContainer(plan.name, plan.body)).id;
      } catch (error) {
        if (isLostAnswer(error))
          await leftovers.discardLost(mirror, { name: plan.name, specHash: order.specHash, since });
        throw error;
      }
    };
    requireCaller(signal);
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'image_not_found') throw error;
      if (order.request.pull === 'never') throw error;
      await supply(order, mirror, plan.spec.image, signal);
      requireCaller(signal);
      return attempt();
    }
  }

  async function start({ principal, request }: Order, { mirror, plan, owner }: Prepared, id: string): Promise<void> {
    const { attachment } = plan.spec;
    let waits = 0;
    for (let attempts = 0; ; attempts += 1) {
      try {
        return await mirror.engine.startContainer(id);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (isLateSwarm(error, attachment) && attempts < retries.place) continue;
        const lab = plan.labNetwork === null ? undefined : request.lab;
        // A node of a swarm is told of a network when it has a place on it, and may have begun to look for it before.
        if (error.code === 'network_not_found' && lab === undefined && isInSwarm(mirror) && waits < retries.told) {
          waits += 1;
          await sleep(retries.pauseMs);
          continue;
        }
        if (error.code !== 'network_not_found' || lab === undefined || attempts >= retries.network) {
          throw explainStart(
            error,
            {
              networkMode: plan.body.HostConfig.NetworkMode,
              portBindings: attachment.kind === 'network' ? attachment.ports : [],
            },
            seenBy(principal, mirror),
          );
        }
        await labNetworks.restore(mirror, lab, owner);
      }
    }
  }

  async function supply({ principal }: Order, mirror: EngineMirror, image: string, signal: AbortSignal): Promise<void> {
    try {
      await images.supply({ principal, engine: mirror.engine, image, signal });
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'engine_refused') throw error;
      // Whatever its registry says, what is missing here is the image.
      const { field, hint } = error;
      throw new Failure('image_not_found', error.message, {
        ...(field !== undefined && { field }),
        ...(hint !== undefined && { hint }),
        cause: error,
      });
    }
  }

  return {
    async make(order, prepared, signal) {
      try {
        if (prepared.plan.obstacle !== null) throw prepared.plan.obstacle;
        return await limitOf(prepared.mirror)(() => make(order, prepared, signal));
      } catch (error) {
        throw error instanceof Failure ? blameField(error, order.request) : error;
      }
    },
  };
}

/**
 * The container as it is after its start, undefined where it is gone again. An inspect is held up by the engine until a start is done, and
 * events have the mirror inspect meanwhile: what shows the container started is enough.
 */
function seeStarted(mirror: EngineMirror, id: string): Promise<ContainerFacts | undefined> {
  return mirror.refreshUnless(id, ({ startedAt }) => startedAt !== null);
}

/** What the image claims was not emptied: it was another one when that was looked at. */
function describeSwap(image: string): Failure {
  return new Failure('state_conflict', `The image "${image}" became another one while a container was made from it`, {
    field: 'image',
    hint: 'Try again, or name the image by its id.',
  });
}

/** Of a network that was made just now a manager may not have told the node yet. An address of the caller's choice stays taken. */
function isLateSwarm({ code, retryAfter }: Failure, attachment: Attachment): boolean {
  const isChosen = attachment.kind !== 'network' || attachment.ip !== null || attachment.ip6 !== null;
  return code === 'engine_refused' && retryAfter !== undefined && !isChosen;
}

function isInSwarm({ info }: EngineMirror): boolean {
  return info?.swarm.state === 'manager' || info?.swarm.state === 'worker';
}

function requireCaller(signal: AbortSignal): void {
  if (signal.aborted)
    throw new Failure('state_conflict', 'The caller went away; what had been made for it was removed');
}
