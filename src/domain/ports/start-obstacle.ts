// What the Docker CLI takes and a start then fails of, known beforehand from the mappings alone. A dry run warns of it; a create is refused before
// anything is made.
import { Failure } from '../../schemas/failure.ts';
import type { PortBinding } from '../container/facts.ts';
import { findSelfConflict } from './holder.ts';

/** Docker runs a docker-proxy for each published port: more than this in one container would be a load on the host, not a lab. */
const mostPublished = 1024;

/** Why a container with these bindings could not be started; null where nothing is known against it. */
export function findStartObstacle(bindings: readonly PortBinding[]): Failure | null {
  if (bindings.length > mostPublished) {
    return new Failure('invalid_request', `${bindings.length} ports are more than one container may publish`, {
      field: 'ports',
      hint: `Publish at most ${mostPublished}.`,
    });
  }
  const conflict = findSelfConflict(bindings);
  if (conflict === null) return null;
  const [, { hostPort, protocol }] = conflict;
  return new Failure('invalid_request', `Two of the ports want host port ${hostPort}/${protocol}`, {
    field: 'ports',
    hint: 'Publish each on a host port, or on a host address, of its own.',
  });
}
