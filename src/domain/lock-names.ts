// Names of the containers that are locks: an engine gives a name once, and so it decides who has the lock. They are nobody else's to take.
import { Failure } from '../schemas/failure.ts';

/** Of a lab that is being changed. */
export function nameLabLock(lab: string): string {
  return `terrarium-lab-${lab}-lock`;
}

/** Of a joined container that is being rejoined. */
export function nameRejoinLock(containerId: string): string {
  return `terrarium-rejoin-${containerId.slice(0, 12)}`;
}

/**
 * Whoever could give a container of theirs such a name would keep others from changing a lab, for as long as they like.
 *
 * @throws Failure `invalid_request`
 */
export function refuseLockName(name: string): void {
  if (!/^terrarium-(lab-.+-lock|rejoin-[0-9a-f]{12})$/.test(name)) return;
  throw new Failure('invalid_request', `The name "${name}" is reserved: Terrarium's own locks are called so`, {
    field: 'name',
    hint: 'Choose another name.',
  });
}
