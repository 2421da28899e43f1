// From a request to a plan: which engine, which target, whose rights. It asks the mirrors, and the engine only for what they do not know.
import { createHash, randomBytes } from 'node:crypto';
import type { Config } from '../../config.ts';
import { type CreatePlan, planCreate } from '../../domain/container/create-planner.ts';
import type { ContainerFacts, NetworkFacts } from '../../domain/container/facts.ts';
import { composeName } from '../../domain/container/generated-name.ts';
import { isAlive } from '../../domain/container/join-chain.ts';
import { canonicalizeRequest } from '../../domain/container/spec-identity.ts';
import { requireFreeAddresses } from '../../domain/network/connection-plan.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { type CreateRequest, containerNamePattern } from '../../schemas/create.ts';
import { Failure } from '../../schemas/failure.ts';
import { authorize, authorizeJoin, maySee, type Principal } from '../access.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import type { Clock } from '../clock.ts';
import type { LabOwners } from '../lab-owners.ts';
import { isLostAnswer } from '../lost-answer.ts';
import { findUsable, isOfSwarm } from '../networks/network-finder.ts';
import { seenBy } from '../sight.ts';
import { findMates } from '../swarms.ts';
import { whileThere } from '../while-there.ts';
import { describeEngine } from './engine-policy.ts';
import { knowNetwork } from './known-network.ts';
import { createPlacing, type Placed } from './placing.ts';

/** A create request with what identifies it. */
export interface Order {
  readonly principal: Principal;
  readonly request: CreateRequest;
  /** The engine that was named, in the query or the body. */
  readonly engine: string | undefined;
  readonly specHash: string;
  /** Hash of (principal, Idempotency-Key); null without a key. */
  readonly requestKey: string | null;
  /** Labels of ours that the container gets beside the usual ones. */
  readonly marks: Readonly<Record<string, string>>;
  readonly owner: string | undefined;
}

export interface OrderOptions {
  readonly engine?: string | undefined;
  readonly marks?: Readonly<Record<string, string>>;
  /** Whose it will be, where that is known: of what a lab on several engines has, its home tells it. */
  readonly owner?: string;
  readonly idempotencyKey?: string | undefined;
}

export interface Prepared {
  readonly mirror: EngineMirror;
  readonly plan: CreatePlan;
  /** Whose it will be: the owner of its lab, where that has one. */
  readonly owner: string;
}

export interface Preparation {
  /** Reads what identifies a request. Fails with `invalid_request`. */
  takeOrder(principal: Principal, request: CreateRequest, options: OrderOptions): Order;
  /** Where it goes. To be told when nothing is being made there any more: `done`. */
  place(order: Order): Promise<Placed>;
  /** Resolves, authorizes and plans. Every call without a name makes up another one. */
  prepare(order: Order, place: Placed): Promise<Prepared>;
}

export function createPreparation({
  config,
  catalogue,
  labOwners,
  clock,
}: {
  config: Config;
  catalogue: Catalogue;
  labOwners: LabOwners;
  clock: Clock;
}): Preparation {
  const placing = createPlacing({ config, catalogue });

  /** The target as it is now: what the mirror does not show running is looked at once more. */
  async function findTarget(principal: Principal, ref: string, engine: string | undefined): Promise<Located> {
    try {
      const located = await findOrLearn(principal, ref, engine);
      if (isAlive(located.facts)) return located;
      const facts = await located.mirror.refresh(located.facts.id);
      if (facts !== undefined) return { ...located, facts };
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'container_not_found') throw error;
    }
    throw new Failure('container_not_found', `There is no container "${ref}" to join`, {
      field: 'target',
      hint: 'GET /api/v1/containers?scope=all lists every container.',
    });
  }

  /** What the mirrors do not know may have been made a moment ago, by someone else. */
  async function findOrLearn(principal: Principal, ref: string, engine: string | undefined): Promise<Located> {
    try {
      return catalogue.find(principal, ref, engine);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'container_not_found') throw error;
      if (!isReference(ref)) throw error;
      const searched = engine === undefined ? catalogue.mirrors : [catalogue.mirror(engine)];
      await Promise.all(searched.map((mirror) => learn(mirror, ref)));
      return catalogue.find(principal, ref, engine);
    }
  }

  function authorizeOrder({ principal, request }: Order, mirror: EngineMirror, target: ContainerFacts | null): void {
    const engine = { kind: 'engine', name: mirror.engine.name } as const;
    authorize(principal, 'create', engine);
    if (request.mode === 'open' && request.host === true) authorize(principal, 'host', engine);
    if (target !== null) authorizeJoin(principal, mirror, target);
  }

  /** A swarm does not say that an address is taken: it waits for it to become free, and then says that something is wrong. */
  function requireAddresses({ principal, request }: Order, { spec }: CreatePlan, mirror: EngineMirror): void {
    if (spec.attachment.kind !== 'network' || (request.mode !== 'bridged' && request.mode !== 'open')) return;
    const network = findUsable(catalogue, mirror, spec.attachment.network);
    if (network === undefined || !isOfSwarm(network)) return;
    const neighbours = findMates(catalogue.mirrors, mirror).flatMap((mate) => [
      ...seenBy(principal, mate).containers(),
    ]);
    requireFreeAddresses(request, network, neighbours);
  }

  /** Containers may be put on it; what may not even be seen is no network. */
  function usableNetwork(principal: Principal, mirror: EngineMirror, nameOrId: string): NetworkFacts | undefined {
    const facts = findUsable(catalogue, mirror, nameOrId);
    if (facts === undefined || !maySee(principal, { kind: 'network', facts })) return undefined;
    authorize(principal, 'connect', { kind: 'network', facts });
    return facts;
  }

  return {
    takeOrder(principal, request, { engine: queried, idempotencyKey, marks = {}, owner }) {
      if (queried !== undefined && request.engine !== undefined && queried !== request.engine) {
        throw new Failure('invalid_request', `The query names the engine "${queried}", the body "${request.engine}"`, {
          field: 'engine',
          hint: 'Name it once.',
        });
      }
      const engine = request.engine ?? queried;
      if (engine !== undefined && request.mode !== 'joined' && request.placement !== undefined)
        throw new Failure('invalid_request', `The engine is named ("${engine}") and to be chosen by "placement" too`, {
          field: 'placement',
          hint: 'Say one of both.',
        });
      return {
        principal,
        request,
        engine,
        specHash: hash(canonicalizeRequest(request, engine ?? '')),
        requestKey: idempotencyKey === undefined ? null : hash(JSON.stringify([principal.name, idempotencyKey])),
        marks,
        owner,
      };
    },

    async place({ principal, request, engine }) {
      if (request.mode !== 'joined') return placing.place(request, engine);
      return placing.follow(await findTarget(principal, request.target, engine));
    },

    async prepare(order, { mirror, target }) {
      const { principal, request, specHash, requestKey, marks } = order;
      await mirror.settled();
      authorizeOrder(order, mirror, target);
      const owner = order.owner ?? labOwners.requireFor(principal, mirror, request.lab);
      await knowNetwork(catalogue, request, mirror);
      const plan = planCreate(request, {
        name: nameOf(request, requestKey) ?? composeName(randomBytes(8)),
        owner,
        defaultImage: config.defaultImage,
        engineNow: clock.now() + mirror.clockOffsetMs,
        specHash,
        requestKey,
        marks,
        engine: describeEngine(config, mirror),
        network: (nameOrId) => usableNetwork(principal, mirror, nameOrId),
        container: (id) => mirror.container(id),
        target,
      });
      requireAddresses(order, plan, mirror);
      return { mirror, plan, owner };
    },
  };
}

/** Can it be a container's name or id at all? */
function isReference(ref: string): boolean {
  return new RegExp(containerNamePattern).test(ref);
}

/** Reads it into the mirror, where it is there. An engine that is away does not keep anyone from a target elsewhere. */
async function learn(mirror: EngineMirror, ref: string): Promise<void> {
  try {
    await whileThere(mirror, mirror.refresh(ref));
  } catch (error) {
    if (!isLostAnswer(error)) throw error;
  }
}

/** The name that a request gives, or under which it meets itself again by its Idempotency-Key; undefined where one is to be made up. */
export function nameOf({ name }: CreateRequest, requestKey: string | null): string | undefined {
  return name ?? (requestKey === null ? undefined : `t-${requestKey.slice(0, 20)}`);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
