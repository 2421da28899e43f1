// How much of labs one principal may have, on all engines together. What is there already stays, whatever the limits become.
import { isOfLab } from '../../domain/lab/lab-home.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import { listOwned } from '../containers/container-quota.ts';
import type { Accounts } from '../credentials/accounts.ts';
import type { LabDocuments, LabRecord } from './lab-documents.ts';
import { idOf } from './lab-engines.ts';
import type { Wanted } from './lab-look.ts';

export interface LabQuota {
  /**
   * A place for the lab, taken until it is freed: by then there is a document of it, or it is not to be. Fails with `quota_exceeded` where it would be one
   * too many, or too large beside the others.
   */
  take(wanted: Wanted): Promise<() => void>;
}

export function createLabQuota({
  accounts,
  mirrors,
  documents,
}: {
  readonly accounts: Pick<Accounts, 'quotasOf'>;
  readonly mirrors: readonly EngineMirror[];
  readonly documents: Pick<LabDocuments, 'listKnown'>;
}): LabQuota {
  /** What is being made, by owner: how many containers each lab is to have. Two at once must not both have the last place. */
  const taken = new Map<string, Map<string, number>>();

  return {
    async take({ principal, home, identity, desired }) {
      const records: { readonly engine: string; readonly record: LabRecord }[] = [];
      for (const one of mirrors)
        for (const { record } of (await documents.listKnown(one)).values())
          records.push({ engine: one.engine.name, record });
      // From here on nothing waits: what is counted is what there is.
      const place = `${home.engine.name}/${identity.lab}`;
      const before = records.find(({ engine, record }) => `${engine}/${record.lab}` === place)?.record;
      const owner = before?.owner ?? principal.name;
      const { containers: most, labs: mostLabs, labContainers: mostLabContainers } = accounts.quotasOf(owner);
      const making = taken.get(owner) ?? new Map<string, number>();
      const others = new Map(making);
      for (const { engine, record } of records)
        if (record.owner === owner) others.set(`${engine}/${record.lab}`, countContainers(record));
      others.delete(place);
      if (before === undefined && mostLabs !== null && others.size >= mostLabs)
        throw new Failure('quota_exceeded', `${owner} has ${others.size} labs, and may have ${mostLabs}`, {
          hint: 'Remove one that is not needed: GET /api/v1/labs lists them.',
          extra: { quota: 'labs', limit: mostLabs, used: others.size },
        });
      const theirs = [...others.values()].reduce((sum, one) => sum + one, 0);
      const wanted = desired.containers.length;
      const isMore = before === undefined || wanted > countContainers(before);
      if (isMore && mostLabContainers !== null && theirs + wanted > mostLabContainers)
        throw new Failure(
          'quota_exceeded',
          `The labs of ${owner} would come to ${theirs + wanted} containers, and may come to ${mostLabContainers}`,
          {
            hint: 'Make fewer instances, or remove a lab that is not needed.',
            extra: { quota: 'labContainers', limit: mostLabContainers, used: theirs },
          },
        );
      let besides = 0;
      const its = { lab: identity.lab, homeId: idOf(home) };
      const ids = new Map(mirrors.map((mirror) => [mirror.engine.name, idOf(mirror)]));
      for (const { engine, facts } of listOwned(mirrors, owner))
        if (!isOfLab(facts.labels, its, ids.get(engine) ?? '')) besides += 1;
      if (isMore && most !== null && besides + wanted > most)
        throw new Failure(
          'quota_exceeded',
          `${owner} would have ${besides + wanted} containers, and may have ${most}`,
          {
            hint: 'Make fewer instances, or remove containers that are not needed: GET /api/v1/containers lists them.',
            extra: { quota: 'containers', limit: most, used: besides },
          },
        );
      taken.set(owner, making.set(place, wanted));
      return () => {
        making.delete(place);
        if (making.size === 0 && taken.get(owner) === making) taken.delete(owner);
      };
    },
  };
}

function countContainers({ file, instances }: LabRecord): number {
  return Object.keys(file.containers).length * (instances ?? 1);
}
