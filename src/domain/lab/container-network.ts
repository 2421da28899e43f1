// On which network of its lab's file a container is.
import type { LabContainer } from '../../schemas/lab.ts';
import { defaultNetwork } from './lab-identity.ts';

/** The name, in the file, of the network that a container is on; null where it is on none of its own. */
export function networkOf(container: LabContainer): string | null {
  if (container.mode === 'bridged') return container.network ?? defaultNetwork;
  if (container.mode === 'open' && container.host !== true) return container.network ?? defaultNetwork;
  return null;
}
