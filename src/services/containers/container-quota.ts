// How many containers one principal may have, those of labs included, and what their memory limits may come to, on all engines together. What is there
// already stays, whatever the limit becomes.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isHelper, isManaged } from '../../domain/container/managed.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Accounts } from '../credentials/accounts.ts';

/** What is about to be made. */
export interface Place {
  readonly engine: string;
  readonly name: string;
  /** Bytes. */
  readonly memory: number;
}

export interface ContainerQuota {
  /** A place for one more of `owner`, taken until it is freed: by then the mirror has what was made. Fails with `quota_exceeded`. */
  take(owner: string, place: Place): () => void;
}

/** All that is `owner`'s, without our own helpers. */
export function* listOwned(
  mirrors: readonly EngineMirror[],
  owner: string,
): Iterable<{ readonly engine: string; readonly facts: ContainerFacts }> {
  for (const mirror of mirrors)
    for (const facts of mirror.containers())
      if (isManaged(facts) && !isHelper(facts) && facts.labels[label.owner] === owner)
        yield { engine: mirror.engine.name, facts };
}

export function createContainerQuota({
  mirrors,
  accounts,
}: {
  readonly mirrors: readonly EngineMirror[];
  readonly accounts: Pick<Accounts, 'quotasOf'>;
}): ContainerQuota {
  /** What is being made, by owner: with names, so that what the mirror has already is not counted twice. */
  const taken = new Map<string, Map<string, number>>();

  return {
    take(owner, { engine, name, memory }) {
      const { containers: most, memory: mostMemory } = accounts.quotasOf(owner);
      const making = taken.get(owner) ?? new Map<string, number>();
      const place = `${engine}/${name}`;
      const others = new Map(making);
      for (const owned of listOwned(mirrors, owner))
        others.set(`${owned.engine}/${owned.facts.name}`, owned.facts.memoryLimit);
      others.delete(place);
      if (most !== null && others.size >= most)
        throw new Failure('quota_exceeded', `${owner} has ${others.size} containers, and may have ${most}`, {
          hint: 'Remove one that is not needed: GET /api/v1/containers lists them. TERRARIUM_MAX_CONTAINERS is the limit, or "quotas" in the tokens file.',
          extra: { quota: 'containers', limit: most, used: others.size },
        });
      const used = [...others.values()].reduce((sum, one) => sum + one, 0);
      if (mostMemory !== null && used + memory > mostMemory)
        throw new Failure(
          'quota_exceeded',
          `The memory limits of ${owner}'s containers would come to ${spell(used + memory)}, and may come to ${spell(mostMemory)}`,
          {
            field: 'limits.memory',
            hint: 'Ask for less, or remove a container that is not needed: GET /api/v1/containers lists them.',
            extra: { quota: 'memory', limit: mostMemory, used },
          },
        );
      taken.set(owner, making.set(place, memory));
      return () => {
        making.delete(place);
        if (making.size === 0 && taken.get(owner) === making) taken.delete(owner);
      };
    },
  };
}

function spell(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
