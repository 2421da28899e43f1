// Makes a lab what its file says, and removes it: one change of a lab at a time, told as it goes. What an apply has made is removed again when it
// fails; interrupted at any point, the next apply converges, because what there is is known by labels alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { FastifyBaseLogger } from 'fastify';
import pLimit, { type LimitFunction } from 'p-limit';
import { parseDuration } from '../../domain/duration.ts';
import { markHome } from '../../domain/lab/lab-home.ts';
import type { PlanAction } from '../../domain/lab/lab-plan.ts';
import { isEmptyPlan } from '../../domain/lab/lab-planner.ts';
import { label } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { LabProgress } from '../../schemas/lab-view.ts';
import type { Catalogue } from '../catalogue.ts';
import type { Clock } from '../clock.ts';
import type { Containers } from '../containers/containers.ts';
import { amend } from '../containers/create-failure.ts';
import { chooseStopTimeout } from '../containers/lifecycle.ts';
import { awaitGone } from '../networks/await-gone.ts';
import type { Networks } from '../networks/networks.ts';
import { watchLoss } from './engine-loss.ts';
import type { LabDocument, LabDocuments, LabRecord } from './lab-documents.ts';
import { idOf } from './lab-engines.ts';
import { carryOut, describeAction } from './lab-executor.ts';
import type { LabLocks } from './lab-lock.ts';
import type { LabLook, Wanted } from './lab-look.ts';
import { findReachable, removeMembers } from './lab-removal.ts';
import { showPlan } from './lab-showing.ts';
import type { Readiness } from './readiness.ts';

/** Somebody waits, and hears how it goes. */
export interface Watching {
  /** Aborted, with a failure as its reason, when nobody waits any more. */
  readonly signal: AbortSignal;
  tell(progress: LabProgress): void;
}

export interface LabChanges {
  /** Answers whether anything was changed. */
  apply(wanted: Wanted, watching: Watching): Promise<boolean>;
  /** Fails with `engine_unavailable` where an engine does not answer: what is on the others is removed by then, and the rest goes when it does. */
  remove(home: EngineMirror, lab: string, watching: Watching): Promise<{ containers: number; networks: number }>;
  /** The same where its document, once nobody else changes the lab, is still due. Answers whether it was. */
  removeDue(home: EngineMirror, lab: string, isDue: (record: LabRecord) => boolean): Promise<boolean>;
  /** Writes a document that differs in what no container depends on. */
  rewrite(home: EngineMirror, lab: string, change: (record: LabRecord) => LabRecord): Promise<LabDocument>;
  /** Stops every change that this server makes, and undoes it. */
  interrupt(): void;
  /** Resolves when none is under way. */
  settled(): Promise<void>;
}

export interface LabChangeParts {
  readonly catalogue: Pick<Catalogue, 'mirror'>;
  readonly documents: LabDocuments;
  readonly locks: LabLocks;
  readonly look: LabLook;
  readonly containers: Pick<Containers, 'create' | 'settle'>;
  readonly networks: Pick<Networks, 'create' | 'settle'>;
  readonly readiness: Readiness;
  readonly clock: Clock;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
}

/** Removals, starts and restarts under way at a time on one engine. Creates are bounded by their own service. */
const changeLimit = 8;

/** How long a manager may take to hear that the last container of another node has left an overlay. */
const swarmPatienceMs = 15_000;

export function createLabChanges(parts: LabChangeParts): LabChanges {
  const { catalogue, documents, locks, look, containers, networks, readiness, clock, log } = parts;
  const shutdown = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  const limits = new Map<string, LimitFunction>();

  function limitOf(engine: string): LimitFunction {
    const limit = limits.get(engine) ?? pLimit(changeLimit);
    limits.set(engine, limit);
    return limit;
  }

  /** Does something to a lab while nobody else does. */
  function holding<T>(
    home: EngineMirror,
    lab: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const run = (async () => {
      const stop = AbortSignal.any([signal, shutdown.signal]);
      const lock = await locks.take(home, lab, stop);
      try {
        return await work(AbortSignal.any([stop, lock.signal]));
      } finally {
        await lock.release().catch((error) => log.warn({ err: error, lab }, "a lab's lock was left behind"));
      }
    })();
    underWay.add(run);
    const forget = () => underWay.delete(run);
    run.then(forget, forget);
    return run;
  }

  async function apply(wanted: Wanted, { signal, tell }: Watching): Promise<boolean> {
    const { home, identity } = wanted;
    await settleMembers(wanted);
    const first = await look.plan(wanted);
    requireNoConflict(first.plan.conflicts);
    tell({ event: 'plan', plan: showPlan(wanted, first.plan) });
    if (isEmptyPlan(first.plan) && first.document !== null && isSameRecord(first.document.record, wanted)) {
      // What a server that was killed did not come to. An older one can go at any time.
      if ((await documents.listSpare(home)).length > 0)
        await documents.remove(home, identity.lab, { before: first.document.generation });
      return false;
    }
    return holding(home, identity.lab, signal, async (stop) => {
      const before = look.engines(home, identity.lab, first.document);
      const involved = new Set([...before, ...wanted.placement.engines.map((name) => catalogue.mirror(name))]);
      await settleMembers(wanted);
      await look.refresh([...involved], identity.lab);
      const { plan, document } = await look.plan(wanted);
      requireNoConflict(plan.conflicts);
      const record = describeRecord(wanted, document);
      const written = await documents.write(home, record);
      const made: PlanAction[] = [];
      const loss = watchLoss(involved);
      try {
        await carryOut({
          actions: plan.actions,
          signal: AbortSignal.any([stop, loss.signal]),
          tell,
          perform: async (action, going) => {
            await perform(wanted, action, going, made).catch((error: unknown) => {
              throw nameMember(error, action);
            });
            return undefined;
          },
        });
      } catch (error) {
        if (wanted.file.policies?.onFailure === 'keep') throw explain(error, 'What was made was kept.');
        const left = await rollBack(made, tell);
        if (left.length > 0 && document === null) await documents.write(home, endNow(record, home));
        await documents.remove(home, identity.lab, { only: written.name });
        throw explain(error, describeRollback(left, document));
      } finally {
        loss.end();
      }
      await documents.remove(home, identity.lab, { before: written.generation });
      return true;
    });
  }

  /** What an earlier apply made and gave up while its engine was away would otherwise be kept now, and removed as soon as the engine is back. */
  async function settleMembers({ desired }: Wanted): Promise<void> {
    await Promise.all([
      ...desired.containers.map(({ name, engine }) => containers.settle(catalogue.mirror(engine), name)),
      ...desired.networks.map(({ name, engine }) => networks.settle(catalogue.mirror(engine), name)),
    ]);
  }

  function describeRecord(wanted: Wanted, document: LabDocument | null): LabRecord {
    const { principal, home, identity, file, placement } = wanted;
    const now = clock.now() + home.clockOffsetMs;
    const appliedAt = new Date(now).toISOString();
    return {
      version: placement.engines.length > 1 ? 2 : 1,
      lab: identity.lab,
      file,
      instances: identity.instances,
      owner: document?.record.owner ?? look.ownerFor(principal, home, identity.lab),
      createdAt: document?.record.createdAt ?? appliedAt,
      appliedAt,
      expiresAt: file.ttl === undefined ? null : new Date(now + parseDuration(file.ttl)).toISOString(),
    };
  }

  /** What was to be removed has to go with the next look at an engine that answers, by whichever server. */
  function endNow(record: LabRecord, home: EngineMirror): LabRecord {
    return { ...record, expiresAt: new Date(clock.now() + home.clockOffsetMs).toISOString(), ending: true };
  }

  async function perform(wanted: Wanted, action: PlanAction, signal: AbortSignal, made: PlanAction[]): Promise<void> {
    const mirror = catalogue.mirror(action.engine);
    const { engine } = mirror;
    const limit = limitOf(action.engine);
    const id = action.engineId ?? '';
    switch (action.do) {
      case 'create': {
        const engineId =
          action.kind === 'network'
            ? await makeNetwork(wanted, action, signal)
            : await makeContainer(wanted, action, signal);
        made.push({ ...action, engineId });
        return;
      }
      case 'remove':
        return removeOne(action);
      case 'start':
        await limit(() => engine.startContainer(id));
        await mirror.refresh(id);
        return;
      case 'rejoin': {
        const facts = mirror.container(id);
        const timeoutSeconds = facts === undefined ? 1 : chooseStopTimeout(facts);
        await limit(() => engine.restartContainer(id, { timeoutSeconds }));
        await mirror.refresh(id);
        return;
      }
      case 'await':
        return readiness.await(wanted, action.key, signal);
    }
  }

  async function makeContainer(
    { principal, home, desired }: Wanted,
    { key, engine }: PlanAction,
    signal: AbortSignal,
  ): Promise<string> {
    const one = desired.containers.find((container) => container.key === key);
    if (one === undefined) throw new Error(`the plan makes ${key}, which the lab does not have`);
    const marks = { [label.item]: key, ...markHome(idOf(home), idOf(catalogue.mirror(engine))) };
    // A lab is its owner's, whoever applies it.
    const options = { engine, marks, owner: look.ownerFor(principal, home, desired.identity.lab) };
    const { container } = await containers.create(principal, one.request, options, signal);
    return container.id;
  }

  async function makeNetwork(
    { principal, home, desired, identity }: Wanted,
    { key, engine }: PlanAction,
    signal: AbortSignal,
  ): Promise<string> {
    const one = desired.networks.find((network) => network.key === key);
    if (one === undefined) throw new Error(`the plan makes ${key}, which the lab does not have`);
    const { external: _external, ...settings } = one.spec;
    const request = { name: one.name, lab: identity.lab, ...settings };
    const isShared = one.spec.driver === 'overlay';
    const marks = {
      [label.item]: key,
      [label.specHash]: one.specHash,
      ...markHome(idOf(home), idOf(catalogue.mirror(engine)), isShared),
    };
    const owner = look.ownerFor(principal, home, identity.lab);
    return (await networks.create({ principal, request, engine, marks, owner }, signal)).id;
  }

  function removeOne({ kind, engine, engineId }: PlanAction): Promise<void> {
    const mirror = catalogue.mirror(engine);
    const id = engineId ?? '';
    return limitOf(engine)(() => (kind === 'container' ? removeContainer(mirror, id) : removeNetwork(mirror, id)));
  }

  /**
   * Undoes what was made, as far as engines let us, and answers the names of those that did not. What is left is known by labels, and the next
   * apply removes or uses it.
   */
  async function rollBack(made: readonly PlanAction[], tell: Watching['tell']): Promise<string[]> {
    const left = new Set<string>();
    for (const kind of ['container', 'network'] as const) {
      const doomed = made.filter((action) => action.kind === kind);
      await Promise.all(
        doomed.map(async (action) => {
          try {
            await removeOne(action);
            tell(describeAction(action, 'undone'));
          } catch (error) {
            left.add(action.engine);
            log.warn(
              { err: error, engine: action.engine, [kind]: action.name },
              'what a failed apply had made was left behind',
            );
          }
        }),
      );
    }
    return [...left];
  }

  function remove(home: EngineMirror, lab: string, watching: Watching) {
    return holding(home, lab, watching.signal, async (stop) =>
      removeHeld(home, lab, await documents.find(home, lab), { ...watching, signal: stop }),
    );
  }

  async function removeHeld(
    home: EngineMirror,
    lab: string,
    document: LabDocument | null,
    { signal: stop, tell }: Watching,
  ) {
    const engines = look.engines(home, lab, document);
    const reachable = await findReachable(engines);
    await look.refresh(reachable, lab);
    stop.throwIfAborted();
    const { removed, left } = await removeMembers({
      members: look.members(home, lab),
      engines,
      reachable,
      signal: stop,
      tell,
      perform: (action, going) =>
        limitOf(action.engine)(async () => {
          // It may have waited for its turn.
          going.throwIfAborted();
          const mirror = catalogue.mirror(action.engine);
          const id = action.engineId ?? '';
          await (action.kind === 'network' ? removeNetwork(mirror, id) : removeContainer(mirror, id));
        }),
    });
    if (left.length > 0) {
      if (document?.record.ending !== true) {
        const written = await documents.write(home, endNow(document?.record ?? lostRecord(lab), home));
        await documents.remove(home, lab, { before: written.generation });
      }
      throw leftBehind(lab, left, removed);
    }
    await requireGone(home, reachable, lab);
    await documents.remove(home, lab, {});
    return removed;
  }

  /** Looks, and does not trust what it did. */
  async function requireGone(home: EngineMirror, reachable: readonly EngineMirror[], lab: string): Promise<void> {
    await look.refresh(reachable, lab);
    const { containers: left, networks: leftNetworks } = look.members(home, lab);
    const names = [...left, ...leftNetworks].map(({ facts }) => facts.name);
    if (names.length === 0) return;
    throw new Failure('state_conflict', `Of the lab "${lab}" something is left: ${names.join(', ')}`, {
      hint: 'Somebody made it meanwhile; remove the lab again.',
      extra: { left: names },
    });
  }

  return {
    apply,
    remove,

    removeDue(home, lab, isDue) {
      const watching = { signal: new AbortController().signal, tell: () => {} };
      return holding(home, lab, watching.signal, async (stop) => {
        const document = await documents.find(home, lab);
        if (document === null || !isDue(document.record)) return false;
        await removeHeld(home, lab, document, { ...watching, signal: stop });
        return true;
      });
    },

    rewrite(home, lab, change) {
      return holding(home, lab, new AbortController().signal, async () => {
        const document = await documents.find(home, lab);
        if (document === null) throw documentLost(lab);
        const written = await documents.write(home, change(document.record));
        await documents.remove(home, lab, { before: written.generation });
        return written;
      });
    },

    interrupt() {
      shutdown.abort(
        new Failure('shutting_down', 'The server is shutting down; the change of the lab was undone', {
          retryAfter: 5,
        }),
      );
    },

    async settled() {
      await Promise.allSettled(underWay);
      await locks.settled();
    },
  };
}

export function documentLost(lab: string): Failure {
  return new Failure('state_conflict', `The document of the lab "${lab}" is lost`, {
    hint: 'Somebody removed its volume. Apply the file again: what there is is kept.',
  });
}

/** Of a lab that is to go, and of which no file is known. */
function lostRecord(lab: string): LabRecord {
  const never = new Date(0).toISOString();
  const file = { containers: {} };
  return { version: 1, lab, file, instances: null, owner: '', createdAt: never, appliedAt: never, expiresAt: null };
}

function leftBehind(lab: string, left: readonly string[], removed: object): Failure {
  const engines = left.length === 1 ? `the engine ${left[0]}` : `the engines ${left.join(', ')}`;
  return new Failure('engine_unavailable', `Of the lab "${lab}" what is on ${engines} is left: no answer`, {
    hint: 'All else is removed. The rest goes as soon as the engine answers again, by any server.',
    retryAfter: 10,
    extra: { left: [...left], removed },
  });
}

/** What became of what a failed apply had made. */
function describeRollback(left: readonly string[], document: LabDocument | null): string {
  if (left.length === 0) return 'What was made was removed again.';
  const where = `What was made on ${left.join(' and ')} is still there`;
  return document === null
    ? `${where}, and is removed when it answers again; all else was removed again.`
    : `${where}: apply the lab again when it answers; all else was removed again.`;
}

/** The first conflict, with all of them beside it. */
function requireNoConflict(conflicts: readonly Failure[]): void {
  const [first] = conflicts;
  if (first === undefined) return;
  throw amend(first, {
    extra: { conflicts: conflicts.map(({ code, message, field, hint }) => ({ code, detail: message, field, hint })) },
  });
}

/** Would writing it again change nothing but the times? */
function isSameRecord(record: LabRecord, { file, identity }: Wanted): boolean {
  return record.ending !== true && record.instances === identity.instances && isDeepStrictEqual(record.file, file);
}

function explain(error: unknown, what: string): unknown {
  return error instanceof Failure
    ? amend(error, { hint: error.hint === undefined ? what : `${error.hint} ${what}` })
    : error;
}

/** What an engine says of one container or network does not say which of the file's it is. */
function nameMember(error: unknown, { kind, key, do: verb }: PlanAction): unknown {
  // What waits for a container says itself what it waits for.
  if (!(error instanceof Failure) || verb === 'await') return error;
  const item = key.slice(key.indexOf('/') + 1);
  return amend(error, {
    detail: `The ${kind} "${key}": ${error.message}`,
    field: `${kind}s.${item}${error.field === undefined ? '' : `.${error.field}`}`,
  });
}

async function removeContainer(mirror: EngineMirror, id: string): Promise<void> {
  try {
    await mirror.engine.removeContainer(id, { force: true });
  } catch (error) {
    // Somebody else removes it, or has: the verification at the end, or the name that is free or not, tells.
    if (!(error instanceof Failure) || !['container_not_found', 'state_conflict'].includes(error.code)) throw error;
  }
  await mirror.refresh(id);
}

async function removeNetwork(mirror: EngineMirror, id: string): Promise<void> {
  const isOfSwarm = mirror.network(id)?.scope === 'swarm';
  const deadline = performance.now() + swarmPatienceMs;
  for (;;) {
    try {
      await mirror.engine.removeNetwork(id);
      break;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.code === 'network_not_found') break;
      const isUsed = error.code === 'state_conflict' || error.code === 'engine_refused';
      if (!isOfSwarm || !isUsed || performance.now() > deadline) throw error;
      await sleep(200);
    }
  }
  if (isOfSwarm) await awaitGone(mirror, id, deadline);
  else await mirror.refreshNetworks();
}
