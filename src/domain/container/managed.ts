// Whose a container is, by its labels: a user's that we manage, one of ours that serves us, or somebody else's.
import { label } from '../labels.ts';
import type { ContainerFacts } from './facts.ts';

/** Is it a container of ours that serves us and not a user (helper, probe)? Such never appear in a user's lists. */
export function isHelper({ labels }: Pick<ContainerFacts, 'labels'>): boolean {
  return labels[label.role] !== undefined;
}

/** Do we manage it: may we change or remove it? */
export function isManaged({ labels }: Pick<ContainerFacts, 'labels'>): boolean {
  return labels[label.managed] === 'true';
}
