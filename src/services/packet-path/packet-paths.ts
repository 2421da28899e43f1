// The way of a packet to a port of a container, from where somebody asks: surveyed anew for each question.

import { isHelper } from '../../domain/container/managed.ts';
import { type PathClientChoice, tracePath } from '../../domain/packet-path/path.ts';
import { parseAddress } from '../../domain/subnet.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { PacketPath } from '../../schemas/packet-path.ts';
import { authorize, maySee, type Principal } from '../access.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import type { Surveyor } from '../survey/survey.ts';
import { findMates } from '../swarms.ts';

export interface PathCall {
  readonly principal: Principal;
  /** Id, name or prefix of the container. */
  readonly container: string;
  readonly engine?: string | undefined;
  /** The container's own port. */
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** `outside`, `host`, an address beyond the host, or a container as {@link container}. */
  readonly from: string;
}

export interface PacketPaths {
  /**
   * Fails with `container_not_found`, `ambiguous`, `invalid_request`, and with what keeps the engine from answering. That a container does not run is an
   * answer.
   */
  trace(call: PathCall): Promise<PacketPath>;
}

/** `mirror`: of the client's engine. */
interface Client {
  readonly choice: PathClientChoice;
  readonly mirror: EngineMirror;
}

export function createPacketPaths({
  catalogue,
  surveyor,
}: {
  readonly catalogue: Catalogue;
  readonly surveyor: Surveyor;
}): PacketPaths {
  function find(principal: Principal, ref: string, engine: string | undefined): Located {
    const located = catalogue.find(principal, ref, engine);
    authorize(principal, 'observe', { kind: 'container', facts: located.facts });
    if (isHelper(located.facts))
      throw new Failure('not_managed', `Container "${located.facts.name}" is a helper of Terrarium's own`, {
        hint: 'It goes away by itself; ask about a container of yours.',
      });
    return located;
  }

  function chooseClient(principal: Principal, from: string, { mirror }: Located): Client {
    if (from === 'host') return { choice: { kind: 'host' }, mirror };
    if (from === 'outside') return { choice: { kind: 'outside' }, mirror };
    const toClient = (located: Located): Client => ({
      choice: { kind: 'container', id: find(principal, located.facts.id, located.mirror.engine.name).facts.id },
      mirror: located.mirror,
    });
    if (parseAddress(from) !== null) {
      const owner = findOwner(principal, from, mirror);
      return owner === undefined ? { choice: { kind: 'outside', address: from }, mirror } : toClient(owner);
    }
    try {
      return toClient(findNear(principal, from, mirror));
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'container_not_found')) throw error;
      throw new Failure('container_not_found', `There is no container "${from}" to come from`, {
        field: 'from',
        hint: 'Use outside, host, an address, or a container',
        cause: error,
      });
    }
  }

  /** On the engine itself, else on any. */
  function findNear(principal: Principal, ref: string, { engine }: EngineMirror): Located {
    try {
      return catalogue.find(principal, ref, engine.name);
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'container_not_found')) throw error;
      return catalogue.find(principal, ref);
    }
  }

  /**
   * On the engine itself, else on an overlay of its swarm: other addresses mean something on their own engine only. What may not be seen has none.
   */
  function findOwner(principal: Principal, address: string, mirror: EngineMirror): Located | undefined {
    for (const mate of [mirror, ...findMates(catalogue.mirrors, mirror).filter((one) => one !== mirror)])
      for (const facts of mate.containers()) {
        const isIts = facts.endpoints.some(
          ({ ipv4, ipv6, networkId }) =>
            (ipv4 === address || ipv6 === address) && (mate === mirror || mate.network(networkId)?.scope === 'swarm'),
        );
        if (isIts && !isHelper(facts) && maySee(principal, { kind: 'container', facts }))
          return { mirror: mate, facts };
      }
    return undefined;
  }

  return {
    async trace({ principal, container, engine, port, protocol, from }) {
      const target = find(principal, container, engine);
      const { mirror, facts } = target;
      const { choice: client, mirror: other } = chooseClient(principal, from, target);
      const looked = new Set([facts.id, ...(client.kind === 'container' ? [client.id] : [])]);
      const worlds = await surveyor.survey(
        other === mirror ? [mirror] : [mirror, other],
        ({ id }) => looked.has(id),
        principal,
      );
      const gone = [...looked].find((id) => worlds.every(({ nodes }) => nodes.every((node) => node.id !== id)));
      if (gone !== undefined) throw new Failure('container_not_found', `Container "${gone}" was removed`);
      return tracePath(worlds, { container: facts.id, port, protocol, client });
    },
  };
}
