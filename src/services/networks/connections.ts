// Puts containers of ours on networks and takes them off, running or not. Asking for what is so already is not an error; the mirror has taken the
// change in before it is answered.
import type { FastifyBaseLogger } from 'fastify';
import { findBlame } from '../../domain/container/engine-blame.ts';
import type { ContainerFacts, NetworkFacts } from '../../domain/container/facts.ts';
import { isAlive } from '../../domain/container/join-chain.ts';
import { type ConnectionContext, planConnection, planDisconnection } from '../../domain/network/connection-plan.ts';
import { endpointOn, isConnected } from '../../domain/network/network-view.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Connect, Disconnect, Network } from '../../schemas/network.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import { amend } from '../containers/create-failure.ts';
import { lookupIn } from '../observation/target.ts';
import { seenBy } from '../sight.ts';
import { findMates } from '../swarms.ts';
import { whileThere } from '../while-there.ts';
import { findNetwork, isOfSwarm, type LocatedNetwork, locate as locateNetwork } from './network-finder.ts';
import { showLocated } from './network-reading.ts';

/** Which network, and what of it. */
export interface ConnectionOrder<Request> {
  readonly principal: Principal;
  readonly ref: string;
  readonly engine?: string | undefined;
  readonly request: Request;
}

/** A container, the network that it is about, and the engine that the container is on. */
interface Place {
  readonly mirror: EngineMirror;
  readonly network: NetworkFacts;
  readonly container: ContainerFacts;
  readonly context: ConnectionContext;
}

export interface Connections {
  connect(order: ConnectionOrder<Connect>): Promise<Network>;
  disconnect(order: ConnectionOrder<Disconnect>): Promise<Network>;
}

export function createConnections(catalogue: Catalogue, log: FastifyBaseLogger): Connections {
  /** Both as they are now: what the mirror has not heard of yet matters for what is refused. */
  async function locate({ principal, ref, engine, request }: ConnectionOrder<Connect | Disconnect>): Promise<Place> {
    const located = await findNetworkNow(catalogue, principal, ref, engine);
    const { facts: network } = located;
    authorize(principal, 'connect', { kind: 'network', facts: network });
    const { mirror, facts: known } = findContainer(principal, located, request.container, engine);
    authorize(principal, 'connect', { kind: 'container', facts: known });
    const container = await mirror.refresh(known.id);
    if (container === undefined) throw noContainer(request.container);
    return { mirror, network, container, context: contextOf(principal, located, mirror) };
  }

  /** On a network of a swarm are containers of any of its engines, on another one those of its own. */
  function findContainer(
    principal: Principal,
    network: LocatedNetwork,
    ref: string,
    engine: string | undefined,
  ): Located {
    const isShared = isOfSwarm(network.facts);
    let found: Located;
    try {
      found = catalogue.find(principal, ref, isShared ? engine : network.mirror.engine.name);
    } catch (error) {
      throw error instanceof Failure ? amend(error, { field: 'container' }) : error;
    }
    const mates = findMates(catalogue.mirrors, network.mirror);
    if (!isShared || mates.includes(found.mirror)) return found;
    const { name } = found.mirror.engine;
    throw new Failure(
      'engine_refused',
      `"${found.facts.name}" is on the engine "${name}", which is not in the swarm of "${network.facts.name}"`,
      { field: 'container', hint: `Engines of that swarm: ${mates.map((mate) => mate.engine.name).join(', ')}.` },
    );
  }

  /** What is in the way is named as far as it may be known. */
  function contextOf(principal: Principal, network: LocatedNetwork, mirror: EngineMirror): ConnectionContext {
    const mates = isOfSwarm(network.facts) ? findMates(catalogue.mirrors, network.mirror) : [mirror];
    return {
      container: lookupIn(seenBy(principal, mirror)),
      containers: mates.flatMap((mate) => [...seenBy(principal, mate).containers()]),
    };
  }

  /** As it is shown after a change there: an engine may show it for the first time, or no more. */
  async function showNow(principal: Principal, mirror: EngineMirror, network: NetworkFacts): Promise<Network> {
    if (isOfSwarm(network)) await mirror.refreshNetworks();
    const manager = findMates(catalogue.mirrors, mirror).find((mate) => mate.network(network.id) !== undefined);
    return showLocated(
      principal,
      locateNetwork(catalogue, { mirror: manager ?? mirror, facts: manager?.network(network.id) ?? network }),
    );
  }

  /**
   * Docker keeps of a connection that it refuses what was asked for, and the container would not start again. On one that runs nothing but a
   * connection that succeeds takes it away.
   */
  async function forget(mirror: EngineMirror, network: NetworkFacts, { id }: ContainerFacts): Promise<void> {
    await mirror.engine.connectNetwork(network.id, id, {});
    await mirror.engine.disconnectNetwork(network.id, id);
  }

  async function connectNow({ mirror, network, container: before, context }: Place, request: Connect) {
    const { container: _container, ...endpoint } = request;
    try {
      await mirror.engine.connectNetwork(network.id, before.id, endpoint);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const after = await mirror.refresh(before.id).catch(() => undefined);
      const found = after === undefined ? undefined : endpointOn(after, network);
      // Somebody was faster: is it as was asked for?
      if (after !== undefined && isAlive(after) && isConnected(after, found)) {
        planConnection(after, network, request, context);
        return;
      }
      if (found !== undefined && endpointOn(before, network) === undefined) {
        await forget(mirror, network, before).catch((cause) =>
          log.warn(
            { err: cause, container: before.name, network: network.name },
            'a refused connection was left behind',
          ),
        );
        await mirror.refresh(before.id).catch(() => {});
      }
      throw explain(error, network, before, request);
    }
  }

  return {
    async connect(order) {
      const place = await locate(order);
      const { mirror, network, container, context } = place;
      if (planConnection(container, network, order.request, context) === 'connect') {
        await connectNow(place, order.request);
        await mirror.refresh(container.id);
      }
      return showNow(order.principal, mirror, network);
    },

    async disconnect(order) {
      const { mirror, network, container, context } = await locate(order);
      switch (planDisconnection(container, network, context)) {
        case 'absent':
          break;
        case 'forget':
          await forget(mirror, network, container);
          break;
        case 'disconnect':
          try {
            await mirror.engine.disconnectNetwork(network.id, container.id, { force: order.request.force ?? false });
          } catch (error) {
            const after = await mirror.refresh(container.id).catch(() => container);
            // Somebody was faster.
            if (after !== undefined && endpointOn(after, network) !== undefined) throw error;
          }
      }
      await mirror.refresh(container.id);
      return showNow(order.principal, mirror, network);
    },
  };
}

/** What somebody made a moment ago is not in the mirror yet. */
export async function findNetworkNow(
  catalogue: Catalogue,
  principal: Principal,
  ref: string,
  engine?: string,
): Promise<LocatedNetwork> {
  try {
    return findNetwork(catalogue, principal, ref, engine);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'network_not_found') throw error;
    const mirrors = engine === undefined ? catalogue.mirrors : [catalogue.mirror(engine)];
    await Promise.all(mirrors.map((mirror) => whileThere(mirror, mirror.refreshNetworks()).catch(() => {})));
    return findNetwork(catalogue, principal, ref, engine);
  }
}

function noContainer(ref: string): Failure {
  return new Failure('container_not_found', `There is no container "${ref}" any more`, { field: 'container' });
}

/** The engine's refusal, with the field that it is about. */
function explain(failure: Failure, network: NetworkFacts, container: ContainerFacts, request: Connect): Failure {
  if (failure.code === 'address_in_use') {
    return amend(failure, { field: request.ip === undefined && request.ip6 !== undefined ? 'ip6' : 'ip' });
  }
  const [, mode] = /network matching network mode (.+?):/.exec(failure.message) ?? [];
  if (mode !== undefined) {
    return amend(failure, {
      code: 'state_conflict',
      detail: `The network that "${container.name}" was created on ("${mode}") is gone, and Docker connects it to no other`,
      field: 'container',
      hint: `Make the network "${mode}" again first, or create the container anew on "${network.name}".`,
    });
  }
  if (failure.code !== 'engine_refused') return failure;
  const blame = findBlame(failure.message, { ...request });
  return blame === undefined ? failure : amend(failure, blame);
}
