// The container that is looked into: how it is found in the mirror, and which failures are about it rather than about looking.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';

/** Finds a container of the mirror by full id, or by name as some clients leave it in NetworkMode. */
export function lookupIn(mirror: EngineMirror): (idOrName: string) => ContainerFacts | undefined {
  return (idOrName) => mirror.container(idOrName) ?? [...mirror.containers()].find(({ name }) => name === idOrName);
}

/** Did a look fail because the container, or the one whose namespace it is in, is not what the mirror says? */
export function isAboutTarget(error: unknown): boolean {
  const codes = ['container_not_running', 'container_not_found', 'state_conflict'];
  return error instanceof Failure && codes.includes(error.code);
}
