// Heals stranded joined containers: a restart in place brings one back into its target's namespace with the same id and files. Only where
// the target was replaced by another container of the same name is it made anew, because its NetworkMode holds the old one's id.
import { randomBytes } from 'node:crypto';
import type { Config } from '../../config.ts';
import { planJoin } from '../../domain/container/attachment-plan.ts';
import type { CreateBody } from '../../domain/container/create-body.ts';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { findOrphanReason, followJoins, isAlive, isLinkBroken, joinTarget } from '../../domain/container/join-chain.ts';
import { isHelper, isManaged } from '../../domain/container/managed.ts';
import { findSuccessor } from '../../domain/container/rejoin-plan.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import { authorize, authorizeJoin, type Principal } from '../access.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import { describeEngine } from './engine-policy.ts';
import type { LifecycleRequest, Restarting } from './lifecycle.ts';
import type { RejoinLock } from './rejoin-lock.ts';
import { composeTemporaryName } from './replacements.ts';

export interface Rejoining {
  /** Brings a stranded container back into its target's namespace. Answers at once for one that is in it. */
  rejoin(request: LifecycleRequest): Promise<Located>;
  /** Makes one anew, joined to the container that has its target's name now. Those that were joined to it are left stranded. */
  replaceOne(principal: Principal, located: Located): Promise<ContainerFacts>;
}

export function createRejoining({
  config,
  catalogue,
  restarting,
  lock,
}: {
  config: Config;
  catalogue: Catalogue;
  restarting: Restarting;
  lock: RejoinLock;
}): Rejoining {
  async function rejoin({ principal, ref, engine, timeoutSeconds }: LifecycleRequest): Promise<Located> {
    const located = catalogue.find(principal, ref, engine);
    const { mirror } = located;
    authorize(principal, 'lifecycle', { kind: 'container', facts: located.facts });
    const facts = (await mirror.refresh(located.facts.id)) ?? located.facts;
    if (joinTarget(facts.networkMode) === null) {
      throw new Failure('state_conflict', `"${facts.name}" is not joined to another container`, {
        hint: 'Only joined containers can be stranded; see GET /api/v1/containers?mode=joined.',
      });
    }
    const chain = followJoins(facts, (id) => mirror.container(id));
    const members = [facts, ...chain.targets];
    switch (findOrphanReason(facts, chain)) {
      case null:
        return { mirror, facts };
      case 'target_stopped':
        throw nameStopped(chain.targets);
      case 'target_removed': {
        const last = members.at(-1) ?? facts;
        authorize(principal, 'lifecycle', { kind: 'container', facts: last });
        await replaceAll(principal, { mirror, facts: last });
        return { mirror, facts: findByName(mirror, facts.name) };
      }
      case 'target_restarted': {
        // The broken link that is nearest to the owner: what hangs below it follows.
        const index = members.findLastIndex((member, at) => isLinkBroken(member, members[at + 1]));
        const path = members.slice(0, index + 1);
        for (const member of path) authorize(principal, 'lifecycle', { kind: 'container', facts: member });
        const root = { mirror, facts: path.at(-1) ?? facts };
        const restarted = await restarting.restartMember(root, timeoutSeconds);
        await restarting.restartMembers({ mirror, facts: restarted }, timeoutSeconds);
        return { mirror, facts: mirror.container(facts.id) ?? facts };
      }
    }
  }

  /** Makes `located` anew, and after it those that were joined to it. */
  async function replaceAll(principal: Principal, { mirror, facts }: Located): Promise<void> {
    const members = [...mirror.containers()].filter(
      (one) => joinTarget(one.networkMode) === facts.id && isManaged(one) && !isHelper(one) && isAlive(one),
    );
    await lock.hold(mirror.engine, facts, async () => {
      // Gone, where another server has just made it anew.
      if ((await mirror.refresh(facts.id)) !== undefined) await replaceOne(principal, { mirror, facts });
    });
    for (const member of members) await replaceAll(principal, { mirror, facts: member });
  }

  async function replaceOne(principal: Principal, { mirror, facts }: Located): Promise<ContainerFacts> {
    const target = findReplacedTarget(mirror, facts);
    authorizeJoin(principal, mirror, target);
    const old = await mirror.engine.readCreateBody(facts.id);
    const body = joinTo(old, { oldId: facts.id, target }, mirror, config);
    // Under another name until it runs: should that fail, the old one is still there.
    const temporary = composeTemporaryName(facts.name, randomBytes(3).toString('hex'));
    const { id } = await mirror.engine.createContainer(temporary, body);
    try {
      await mirror.engine.startContainer(id);
    } catch (error) {
      await mirror.engine.removeContainer(id, { force: true });
      throw error;
    }
    await mirror.engine.removeContainer(facts.id, { force: true });
    await mirror.engine.renameContainer(id, facts.name);
    await mirror.refresh(facts.id);
    const fresh = await mirror.refresh(id);
    if (fresh === undefined)
      throw new Failure('state_conflict', `"${facts.name}" ended and was removed as soon as it was rejoined`);
    return fresh;
  }

  return { rejoin, replaceOne };
}

function nameStopped(targets: readonly ContainerFacts[]): Failure {
  const stopped = targets.find((target) => !isAlive(target));
  return new Failure(
    'container_not_running',
    `The target "${stopped?.name}" is not running (it is ${stopped?.state})`,
    {
      hint: `Start it first: POST /api/v1/containers/${stopped?.name}/start`,
    },
  );
}

/** The running container that has the name of the target that is gone. */
function findReplacedTarget(mirror: EngineMirror, facts: ContainerFacts): ContainerFacts {
  const name = facts.labels[label.target];
  const target = findSuccessor(facts, mirror.containers());
  if (target === undefined) {
    throw new Failure('state_conflict', `The target of "${facts.name}" is gone, and nothing took its place`, {
      hint: `Create a container named "${name ?? '…'}" and rejoin again, or delete "${facts.name}" and join another.`,
    });
  }
  if (isAlive(target)) return target;
  throw nameStopped([target]);
}

/** The same container, joined to `target`: under the rules of any other join, because the new target may end in the host's namespace. */
function joinTo(
  old: CreateBody,
  { oldId, target }: { readonly oldId: string; readonly target: ContainerFacts },
  mirror: EngineMirror,
  config: Config,
): CreateBody {
  const engine = describeEngine(config, mirror);
  const { labels } = planJoin(target, old.HostConfig.CapAdd ?? [], engine, (id) => mirror.container(id));
  const { [label.namespaceOwner]: _oldOwner, ...kept } = old.Labels;
  return {
    ...old,
    Labels: { ...kept, ...labels, [label.replaces]: oldId },
    HostConfig: { ...old.HostConfig, NetworkMode: `container:${target.id}` },
  };
}

function findByName(mirror: EngineMirror, name: string): ContainerFacts {
  for (const facts of mirror.containers()) if (facts.name === name) return facts;
  throw new Failure('container_not_found', `There is no container "${name}" any more`);
}
