// Starts, stops, restarts, pauses and removes what Terrarium manages. Asking for the state a container is in is not an error. A write is
// tried once; the mirror has taken it in before it is answered.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { findOrphanReason, followJoins, isAlive, joinTarget } from '../../domain/container/join-chain.ts';
import { isHelper, isManaged } from '../../domain/container/managed.ts';
import { rejoinsByItself } from '../../domain/container/rejoin-plan.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import { seenBy } from '../sight.ts';
import { explainStart } from './create-failure.ts';
import { type LabNetworks, labOfNetwork } from './lab-networks.ts';
import type { RejoinLock } from './rejoin-lock.ts';

/**
 * Seconds that a process gets between TERM and KILL where the caller does not say. Docker's ten would be waited for nearly always: what is
 * PID 1 ignores TERM unless it handles it. A shell on a terminal ignores it in any case, and has nothing to save.
 */
export function chooseStopTimeout({ tty }: ContainerFacts): number {
  return tty ? 1 : 3;
}

/** Which container, and how long its process may take to end. */
export interface LifecycleRequest {
  readonly principal: Principal;
  readonly ref: string;
  readonly engine?: string | undefined;
  readonly timeoutSeconds?: number | undefined;
}

export interface Lifecycle {
  start(request: LifecycleRequest): Promise<Located>;
  stop(request: LifecycleRequest): Promise<Located>;
  /** Restarts it, and after it the managed containers joined to it, unless `rejoin` is false. */
  restart(request: LifecycleRequest & { readonly rejoin?: boolean | undefined }): Promise<Located>;
  pause(request: LifecycleRequest): Promise<Located>;
  unpause(request: LifecycleRequest): Promise<Located>;
  remove(request: LifecycleRequest): Promise<void>;
}

/** A container that somebody acts on: what goes wrong is explained by what they see. */
type Acted = Located & { readonly seen?: EngineMirror };

/** What the service of rejoining needs of this one. */
export interface Restarting {
  /** Restarts one container in place and answers what it is then. */
  restartOne(located: Located, timeoutSeconds: number | undefined): Promise<ContainerFacts>;
  /** The same, unless it has been rejoined meanwhile. */
  restartMember(located: Located, timeoutSeconds: number | undefined): Promise<ContainerFacts>;
  /** Starts one and answers what it is then. */
  startOne(located: Located): Promise<ContainerFacts>;
  /** Restarts the managed, running containers that are joined to it, through whole chains, targets first. */
  restartMembers(located: Located, timeoutSeconds: number | undefined): Promise<void>;
}

export function createLifecycle({
  catalogue,
  labNetworks,
  lock,
}: {
  catalogue: Catalogue;
  labNetworks: LabNetworks;
  lock: RejoinLock;
}): Lifecycle & Restarting {
  function locate({ principal, ref, engine }: LifecycleRequest, action: 'lifecycle' | 'delete' = 'lifecycle'): Acted {
    const located = catalogue.find(principal, ref, engine);
    authorize(principal, action, { kind: 'container', facts: located.facts });
    return { ...located, seen: seenBy(principal, located.mirror) };
  }

  /** What it is after a write. One that removes itself when it ends is shown as it goes. */
  async function reread({ mirror, facts }: Located): Promise<Located> {
    const current = await mirror.refresh(facts.id);
    return { mirror, facts: current ?? { ...facts, state: 'removing' } };
  }

  async function starting({ mirror, facts, seen = mirror }: Acted, start: () => Promise<void>): Promise<void> {
    try {
      await start();
    } catch (error) {
      await mirror.refresh(facts.id).catch(() => {}); // the failure to start is what matters
      throw error instanceof Failure ? explainStart(error, facts, seen) : error;
    }
  }

  async function restartOne(located: Acted, timeoutSeconds?: number): Promise<ContainerFacts> {
    const { mirror, facts } = located;
    await starting(located, () =>
      mirror.engine.restartContainer(facts.id, { timeoutSeconds: timeoutSeconds ?? chooseStopTimeout(facts) }),
    );
    return (await reread(located)).facts;
  }

  async function startOne(located: Acted): Promise<ContainerFacts> {
    await starting(located, () => located.mirror.engine.startContainer(located.facts.id));
    return (await reread(located)).facts;
  }

  /** Restarts it where it is stranded still: another server may have been faster with what is rejoined by itself. */
  function restartMember({ mirror, facts }: Located, timeoutSeconds?: number): Promise<ContainerFacts> {
    return lock.hold(mirror.engine, facts, async () => {
      const now = rejoinsByItself(facts) ? await mirror.refresh(facts.id) : facts;
      if (now === undefined || (now !== facts && !isStranded(now, mirror))) return now ?? facts;
      return restartOne({ mirror, facts: now }, timeoutSeconds);
    });
  }

  async function restartMembers({ mirror, facts, seen = mirror }: Acted, timeoutSeconds?: number): Promise<void> {
    // The host's namespace outlives its members: nobody in it is stranded.
    if (followJoins(facts, (id) => mirror.container(id)).end.kind === 'host') return;
    const members = [...mirror.containers()].filter((one) => isRejoinable(one, facts));
    // Siblings do not depend on each other; theirs do on them.
    const outcomes = await Promise.allSettled(
      members.map(async (member) => {
        const restarted = await restartMember({ mirror, facts: member }, timeoutSeconds);
        await restartMembers({ mirror, facts: restarted, seen }, timeoutSeconds);
      }),
    );
    const failed = outcomes.findIndex(({ status }) => status === 'rejected');
    const outcome = outcomes[failed];
    if (outcome?.status !== 'rejected') return;
    if (!(outcome.reason instanceof Failure)) throw outcome.reason;
    const { code, message, retryAfter } = outcome.reason;
    const name = seen.container(members[failed]?.id ?? '')?.name ?? members[failed]?.name;
    throw new Failure(code, `"${facts.name}" runs, but "${name}" could not be rejoined: ${message}`, {
      hint: `See it with GET /api/v1/containers/${name}, and rejoin it when the cause is gone.`,
      ...(retryAfter !== undefined && { retryAfter }),
      cause: outcome.reason,
    });
  }

  return {
    restartOne,
    restartMember,
    startOne,
    restartMembers,

    async start(request) {
      const located = locate(request);
      return { mirror: located.mirror, facts: await startOne(located) };
    },

    async stop(request) {
      const located = locate(request);
      const { timeoutSeconds = chooseStopTimeout(located.facts) } = request;
      await located.mirror.engine.stopContainer(located.facts.id, { timeoutSeconds });
      return reread(located);
    },

    async restart({ timeoutSeconds, rejoin = true, ...request }) {
      const located = locate(request);
      const facts = await restartOne(located, timeoutSeconds);
      if (rejoin) await restartMembers({ ...located, facts }, timeoutSeconds);
      return reread(located);
    },

    async pause(request) {
      const located = locate(request);
      await unlessAlready(located, 'paused', () => located.mirror.engine.pauseContainer(located.facts.id));
      return reread(located);
    },

    async unpause(request) {
      const located = locate(request);
      await unlessAlready(located, 'running', () => located.mirror.engine.unpauseContainer(located.facts.id));
      return reread(located);
    },

    async remove(request) {
      const { mirror, facts } = locate(request, 'delete');
      await removeWhole({ mirror, facts });
      const lab = labOfNetwork(facts);
      if (lab !== undefined) await labNetworks.release(mirror, lab);
    },
  };
}

function isStranded(facts: ContainerFacts, mirror: EngineMirror): boolean {
  return (
    findOrphanReason(
      facts,
      followJoins(facts, (id) => mirror.container(id)),
    ) !== null
  );
}

/** Is `one` a running container of ours that is joined to `target` directly? */
function isRejoinable(one: ContainerFacts, target: ContainerFacts): boolean {
  const ref = joinTarget(one.networkMode);
  return (ref === target.id || ref === target.name) && isManaged(one) && !isHelper(one) && isAlive(one);
}

/** The engine refuses to pause what is paused; whether it is, only the engine knows for sure. */
async function unlessAlready(
  { mirror, facts }: Located,
  state: 'paused' | 'running',
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof Failure) || !['state_conflict', 'container_not_running'].includes(error.code)) throw error;
    const current = (await mirror.refresh(facts.id)) ?? facts;
    if (current.state === state) return;
    if (isAlive(current)) throw error;
    throw new Failure('container_not_running', `"${facts.name}" is not running (it is ${current.state})`, {
      hint: `Start it first: POST /api/v1/containers/${facts.name}/start`,
    });
  }
}

/** How long to wait for a removal that someone else has begun. */
const removalPatienceMs = 10_000;

/** Removes it, and returns when the mirror no longer has it. */
async function removeWhole({ mirror, facts }: Located): Promise<void> {
  try {
    await mirror.engine.removeContainer(facts.id, { force: true });
    await mirror.refresh(facts.id);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'state_conflict') throw error;
    const deadline = performance.now() + removalPatienceMs;
    while ((await mirror.refresh(facts.id)) !== undefined) {
      if (performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}
