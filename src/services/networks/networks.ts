// Networks: the one service behind their routes. Reading, creation and connections are told elsewhere; here they are put together, and networks are
// removed.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { endpointOn } from '../../domain/network/network-view.ts';
import { Failure } from '../../schemas/failure.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import { isStale } from '../containers/views.ts';
import type { LabOwners } from '../lab-owners.ts';
import type { SeenInodes } from '../seen-inodes.ts';
import { containerSeenBy } from '../sight.ts';
import { awaitGone } from './await-gone.ts';
import { type Connections, createConnections, findNetworkNow } from './connections.ts';
import { createHostRoutes } from './host-routes.ts';
import { createLostNetworks, type LostNetworks } from './lost-networks.ts';
import { createNetworkCreation, type NetworkCreation } from './network-creation.ts';
import { isOfSwarm, type LocatedNetwork } from './network-finder.ts';
import { createNetworkReading, type NetworkReading } from './network-reading.ts';
import { createSubnetCheck } from './subnet-check.ts';
import { requireManager } from './swarm-manager.ts';

export interface Networks extends NetworkReading, NetworkCreation, Connections {
  /** Fails with `network_in_use` where a container is on it, or would be when it starts. */
  remove(order: {
    readonly principal: Principal;
    readonly ref: string;
    readonly engine?: string | undefined;
  }): Promise<void>;
  readonly settle: LostNetworks['settle'];
  close(): void;
}

/** How long the mirror may take to hear of a container that the engine has on a network already. */
const newsPatienceMs = 2_000;
/** How long a swarm may take to hear of a container that is off a network, and a node to take its part of one down. */
const releasePatienceMs = 10_000;

export function createNetworks({
  catalogue,
  inodes,
  labOwners,
  helperImage,
  serverId,
  log,
}: {
  catalogue: Catalogue;
  inodes: SeenInodes;
  labOwners: LabOwners;
  helperImage: string;
  serverId: string;
  log: FastifyBaseLogger;
}): Networks {
  const lost = createLostNetworks(catalogue.mirrors, log);
  const hostRoutes = createHostRoutes({ helperImage, serverId });
  const subnets = createSubnetCheck(hostRoutes);

  async function removeNow(principal: Principal, located: LocatedNetwork): Promise<void> {
    const { mirror, facts } = located;
    const isShared = isOfSwarm(facts);
    if (isShared) await requireManager(catalogue.mirrors, mirror);
    const deadline = performance.now() + (isShared ? releasePatienceMs : newsPatienceMs);
    try {
      await mirror.engine.removeNetwork(facts.id);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.code === 'network_not_found') return; // somebody was faster
      if (error.code !== 'state_conflict') throw error;
      while (performance.now() < deadline) {
        refuseInUse(principal, located);
        await sleep(50);
        if (isShared && (await isRemoved(located))) return;
      }
      throw new Failure(
        'network_in_use',
        `The network "${facts.name}" is in use, and by no container that is known here`,
        {
          hint: `A service of a swarm may be on it, or the engine keeps an endpoint of a container that is gone: docker network inspect ${facts.name} names it, docker network disconnect -f removes it.`,
          extra: { users: [] },
          cause: error,
        },
      );
    }
  }

  /** Tries once more: a swarm takes a moment to hear that a container is gone. */
  async function isRemoved({ mirror, facts }: LocatedNetwork): Promise<boolean> {
    try {
      await mirror.engine.removeNetwork(facts.id);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.code !== 'network_not_found' && error.code !== 'state_conflict') throw error;
      return error.code === 'network_not_found';
    }
    return true;
  }

  return {
    ...createNetworkReading(catalogue, inodes),
    ...createNetworkCreation({ catalogue, labOwners, subnets, lost }),
    ...createConnections(catalogue, log),

    async remove({ principal, ref, engine }) {
      const located = await findNetworkNow(catalogue, principal, ref, engine);
      authorize(principal, 'delete_network', { kind: 'network', facts: located.facts });
      refuseInUse(principal, located);
      await removeNow(principal, located);
      await Promise.all(
        located.sightings.map(async ({ mirror, facts }) => {
          // One that is away shows it as it was, and says so.
          if (mirror !== located.mirror && isStale(mirror)) return;
          if (isOfSwarm(facts)) await awaitGone(mirror, facts.id, performance.now() + releasePatienceMs);
          else await mirror.refreshNetworks();
        }),
      );
    },

    settle: lost.settle,

    close() {
      lost.close();
      hostRoutes.close();
    },
  };
}

/** Docker itself minds those that run only; the others would never start again. On engines that are away too: there they may run on. */
function refuseInUse(principal: Principal, { facts, sightings }: LocatedNetwork): void {
  const users = sightings.flatMap(({ mirror }) =>
    [...mirror.containers()]
      .filter((container) => endpointOn(container, facts) !== undefined)
      .map((container) => ({ container: containerSeenBy(principal, container), engine: mirror.engine.name })),
  );
  const [first] = users;
  if (first === undefined) return;
  const isShared = isOfSwarm(facts);
  const named = users
    .slice(0, 5)
    .map(
      ({ container: { name, state }, engine }) =>
        `"${name}"${isShared ? ` on ${engine}` : ''}${state === 'running' ? '' : ` (${state})`}`,
    );
  const more = users.length > named.length ? ` and ${users.length - named.length} more` : '';
  throw new Failure('network_in_use', `The network "${facts.name}" is used by ${named.join(', ')}${more}`, {
    hint: `Disconnect each, POST /api/v1/networks/${facts.name}/disconnect { "container": "${first.container.name}" }, or remove them.`,
    extra: { users: users.map(({ container: { id, name, state }, engine }) => ({ id, name, state, engine })) },
  });
}
