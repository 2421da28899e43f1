// Removes a lab from all engines that it is on. What is on an engine that does not answer is left there, and the document with it, which says that the
// lab ends: whichever server sees the engine again removes the rest.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { joinTarget } from '../../domain/container/join-chain.ts';
import type { PlanAction } from '../../domain/lab/lab-plan.ts';
import type { On } from '../../domain/lab/observed-lab.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import { isAway } from './lab-documents.ts';
import { carryOut, type Execution } from './lab-executor.ts';
import type { Members } from './lab-members.ts';
import { awaitLive } from './live-mirror.ts';

/** What became of a removal. */
export interface Removal {
  readonly removed: { readonly containers: number; readonly networks: number };
  /** Engines that did not answer, with something of the lab on them, as far as is known. */
  readonly left: readonly string[];
}

/** Those that answer; the first fails where it does not. */
export async function findReachable(engines: readonly EngineMirror[]): Promise<EngineMirror[]> {
  const [home, ...others] = engines;
  if (home === undefined) return [];
  await awaitLive(home);
  const answers = await Promise.all(
    others.map((mirror) =>
      awaitLive(mirror).then(
        () => [mirror],
        (error: unknown) => {
          if (error instanceof Failure && isAway(error)) return [];
          throw error;
        },
      ),
    ),
  );
  return [home, ...answers.flat()];
}

export async function removeMembers({
  members,
  engines,
  reachable,
  perform,
  ...execution
}: {
  readonly members: Members;
  /** All that the lab is on, the home first. */
  readonly engines: readonly EngineMirror[];
  readonly reachable: readonly EngineMirror[];
  readonly perform: (action: PlanAction, signal: AbortSignal) => Promise<void>;
} & Pick<Execution, 'signal' | 'tell'>): Promise<Removal> {
  const home = engines[0]?.engine.name;
  const left = new Set(engines.filter((mirror) => !reachable.includes(mirror)).map(({ engine }) => engine.name));
  const skipped = new Set<string>();
  const removed = { containers: 0, networks: 0 };
  await carryOut({
    ...execution,
    actions: orderRemovals(members),
    async perform(action, signal) {
      const { id, kind, engine, after } = action;
      const skip = (why: string) => {
        skipped.add(id);
        return why;
      };
      if (left.has(engine)) return skip(`the engine ${engine} does not answer`);
      if (after.some((one) => skipped.has(one))) return skip('what is on it is left');
      try {
        await perform(action, signal);
      } catch (error) {
        if (!(error instanceof Failure) || !isAway(error) || engine === home) throw error;
        left.add(engine);
        return skip(error.message);
      }
      removed[kind === 'network' ? 'networks' : 'containers'] += 1;
      return undefined;
    },
  });
  return { removed, left: [...left] };
}

/** Members of a namespace before its owner, containers before networks. */
function orderRemovals({ containers, networks }: Members): PlanAction[] {
  const nameOf = ({ facts: { id } }: On<{ readonly id: string }>) => `remove ${id}`;
  const membersOf = ({ engine, facts: target }: On<ContainerFacts>) =>
    containers.filter((one) => {
      const ref = joinTarget(one.facts.networkMode);
      return one.engine === engine && (ref === target.id || ref === target.name);
    });
  const action = (
    kind: PlanAction['kind'],
    one: On<{ readonly id: string; readonly name: string; readonly labels: Readonly<Record<string, string>> }>,
    after: string[],
  ): PlanAction => ({
    id: nameOf(one),
    do: 'remove',
    kind,
    key: one.facts.labels[label.item] ?? one.facts.name,
    name: one.facts.name,
    engine: one.engine,
    engineId: one.facts.id,
    after,
  });
  return [
    ...containers.map((one) => action('container', one, membersOf(one).map(nameOf))),
    ...networks.map((one) => {
      const isOfSwarm = one.facts.scope === 'swarm';
      const residents = containers.filter(
        ({ engine, facts: { endpoints, networkMode } }) =>
          ((isOfSwarm || engine === one.engine) && networkMode === one.facts.name) ||
          endpoints.some(({ networkId }) => networkId === one.facts.id),
      );
      return action('network', one, residents.map(nameOf));
    }),
  ];
}
