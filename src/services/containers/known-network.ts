// A network that someone made a moment ago is not in the mirror yet.
import { labNetworkName } from '../../domain/container/attachment-plan.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { CreateRequest } from '../../schemas/create.ts';
import type { Catalogue } from '../catalogue.ts';
import { findUsable } from '../networks/network-finder.ts';
import { findMates, isManager } from '../swarms.ts';
import { isStale } from './views.ts';

/** Looks once more where the network that a request names is not known. */
export async function knowNetwork(catalogue: Catalogue, request: CreateRequest, mirror: EngineMirror): Promise<void> {
  if (request.mode !== 'bridged' && request.mode !== 'open') return;
  const name = request.network ?? (request.lab === undefined ? undefined : labNetworkName(request.lab));
  if (name === undefined || findUsable(catalogue, mirror, name) !== undefined) return;
  const managers = findMates(catalogue.mirrors, mirror).filter((mate) => isManager(mate) && !isStale(mate));
  await Promise.all([mirror, ...managers.filter((mate) => mate !== mirror)].map((mate) => mate.refreshNetworks()));
}
