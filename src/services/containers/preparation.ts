// From a request to a plan: which engine, which target, whose rights. It asks the mirrors, and the engine only for what they do not know.
import { createHash, randomBytes } from 'node:crypto';
import type { Config } from '../../config.ts';
import { labNetworkName } from '../../domain/container/attachment-plan.ts';
import { type CreatePlan, planCreate } from '../../domain/container/create-planner.ts';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { composeName } from '../../domain/container/generated-name.ts';
import { isAlive } from '../../domain/container/join-chain.ts';
import { canonicalizeRequest } from '../../domain/container/spec-identity.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { type CreateRequest, containerNamePattern } from '../../schemas/create.ts';
import { Failure } from '../../schemas/failure.ts';
import { authorize, authorizeJoin, type Principal } from '../access.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import type { Clock } from '../services.ts';
import { describeEngine } from './engine-policy.ts';

/** A create request with what identifies it. */
export interface Order {
  readonly principal: Principal;
  readonly request: CreateRequest;
  /** The engine that was named, in the query or the body. */
  readonly engine: string | undefined;
  readonly specHash: string;
  /** Hash of (principal, Idempotency-Key); null without a key. */
  readonly requestKey: string | null;
}

export interface OrderOptions {
  readonly engine?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

export interface Prepared {
  readonly mirror: EngineMirror;
  readonly plan: CreatePlan;
}

export interface Preparation {
  /** Reads what identifies a request. Fails with `invalid_request`. */
  takeOrder(principal: Principal, request: CreateRequest, options: OrderOptions): Order;
  /** Resolves, authorizes and plans. Every call without a name makes up another one. */
  prepare(order: Order): Promise<Prepared>;
}

export function createPreparation({
  config,
  catalogue,
  clock,
}: {
  config: Config;
  catalogue: Catalogue;
  clock: Clock;
}): Preparation {
  /** The target as it is now: what the mirror does not show running is looked at once more. */
  async function findTarget(ref: string, engine: string | undefined): Promise<Located> {
    try {
      const located = catalogue.find(ref, engine);
      if (isAlive(located.facts)) return located;
      const facts = await located.mirror.refresh(located.facts.id);
      if (facts !== undefined) return { ...located, facts };
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'container_not_found') throw error;
      // Made a moment ago, by someone else.
      const mirror = catalogue.mirror(engine);
      const facts = isReference(ref) ? await mirror.refresh(ref) : undefined;
      if (facts !== undefined) return { mirror, facts };
    }
    throw new Failure('container_not_found', `There is no container "${ref}" to join`, {
      field: 'target',
      hint: 'GET /api/v1/containers?scope=all lists every container.',
    });
  }

  function authorizeOrder({ principal, request }: Order, mirror: EngineMirror, target: ContainerFacts | null): void {
    const engine = { kind: 'engine', name: mirror.engine.name } as const;
    authorize(principal, 'create', engine);
    if (request.mode === 'open' && request.host === true) authorize(principal, 'host', engine);
    if (target !== null) authorizeJoin(principal, mirror, target);
  }

  /** A network that someone made a moment ago is not in the mirror yet. */
  async function knowNetwork(request: CreateRequest, mirror: EngineMirror): Promise<void> {
    if (request.mode !== 'bridged' && request.mode !== 'open') return;
    const name = request.network ?? (request.lab === undefined ? undefined : labNetworkName(request.lab));
    if (name !== undefined && mirror.network(name) === undefined) await mirror.refreshNetworks();
  }

  return {
    takeOrder(principal, request, { engine: queried, idempotencyKey }) {
      if (queried !== undefined && request.engine !== undefined && queried !== request.engine) {
        throw new Failure('invalid_request', `The query names the engine "${queried}", the body "${request.engine}"`, {
          field: 'engine',
          hint: 'Name it once.',
        });
      }
      const engine = request.engine ?? queried;
      return {
        principal,
        request,
        engine,
        specHash: hash(canonicalizeRequest(request, engine ?? '')),
        requestKey: idempotencyKey === undefined ? null : hash(JSON.stringify([principal.name, idempotencyKey])),
      };
    },

    async prepare(order) {
      const { principal, request, engine, specHash, requestKey } = order;
      const located = request.mode === 'joined' ? await findTarget(request.target, engine) : null;
      const mirror = located?.mirror ?? catalogue.mirror(engine);
      const target = located?.facts ?? null;
      await mirror.settled();
      authorizeOrder(order, mirror, target);
      await knowNetwork(request, mirror);
      const plan = planCreate(request, {
        name: request.name ?? (requestKey === null ? composeName(randomBytes(8)) : deriveName(requestKey)),
        owner: principal.name,
        defaultImage: config.defaultImage,
        engineNow: clock.now() + mirror.clockOffsetMs,
        specHash,
        requestKey,
        engine: describeEngine(config, mirror),
        network: (nameOrId) => mirror.network(nameOrId),
        container: (id) => mirror.container(id),
        target,
      });
      return { mirror, plan };
    },
  };
}

/** Can it be a container's name or id at all? */
function isReference(ref: string): boolean {
  return new RegExp(containerNamePattern).test(ref);
}

/** The name under which a request with an Idempotency-Key and no name meets itself again. */
function deriveName(requestKey: string): string {
  return `t-${requestKey.slice(0, 20)}`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
