// Proves a matrix: which connections it takes, from which namespaces, and what their results say about the prediction.
import { findNamespace } from '../../domain/observation/namespace-target.ts';
import {
  agrees,
  type MadeConnection,
  type PlannedConnection,
  spellConnection,
} from '../../domain/reachability/connection-result.ts';
import { outsideName } from '../../domain/reachability/matrix.ts';
import type { Node, World } from '../../domain/reachability/world.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { ReachabilityEntry } from '../../schemas/reachability.ts';
import type { Disagreement, Verification, VerificationProgress, VerifiedEntry } from '../../schemas/verification.ts';
import { isAboutTarget, lookupIn } from '../observation/target.ts';
import type { Look } from './reachability.ts';
import { forgettingMs, planRounds, Rounds, spellMeeting } from './rounds.ts';
import type { RoundWork, Verifier } from './verifier.ts';

export interface ProofOptions {
  readonly look: Look;
  /** Reads everything anew. */
  again(): Promise<Look>;
  /** Is it allowed to connect from this node of that engine? */
  mayConnectFrom(node: Node, mirror: EngineMirror): boolean;
  readonly verifier: Verifier;
  readonly signal: AbortSignal;
  onProgress(progress: VerificationProgress['progress']): void;
  /** Milliseconds since the epoch. */
  now(): number;
}

interface Proof {
  readonly entries: VerifiedEntry[];
  readonly verification: Verification;
}

/** What one source has to do. */
interface Task {
  readonly mirror: EngineMirror;
  readonly networkMode: string;
  /** By the word that spells each; with the namespace that it goes to. */
  readonly connections: Map<string, { readonly plan: PlannedConnection; readonly to: string }>;
}

/** What became of all connections: by source namespace and word, or by source why there is none. */
interface Round {
  readonly made: ReadonlyMap<string, MadeConnection>;
  readonly refused: ReadonlyMap<string, string>;
  readonly connections: number;
}

export async function proveMatrix(options: ProofOptions): Promise<Proof> {
  const { look, now } = options;
  const startedAt = new Date(now()).toISOString();
  const first = await connectAll(options, look, look.matrix.entries);
  const doubtful = look.matrix.entries.filter((entry) => isDoubtful(entry, resultOf(first, look, entry)));
  const disagreements: Disagreement[] = [];
  const results = new Map<ReachabilityEntry, MadeConnection>();
  for (const entry of look.matrix.entries) {
    const result = resultOf(first, look, entry);
    if (result !== undefined) results.set(entry, result);
  }
  let connections = first.connections;
  if (doubtful.length > 0) {
    const second = await options.again();
    const wanted = new Map(doubtful.map((entry) => [spellEntry(entry), entry]));
    const still = second.matrix.entries.filter((entry) => wanted.has(spellEntry(entry)));
    const round = await connectAll(options, second, still);
    connections += round.connections;
    for (const entry of still) {
      const result = resultOf(round, second, entry);
      const original = wanted.get(spellEntry(entry));
      if (original !== undefined && result !== undefined) results.set(original, result);
      if (result !== undefined && isDoubtful(entry, result)) disagreements.push(describeDisagreement(entry, result));
    }
  }
  const judged = [...results].map(([entry, { result }]) => agrees(entry, result));
  const undecided = judged.filter((one) => one === null).length;
  return {
    entries: look.matrix.entries.map((entry) => ({ ...entry, verified: results.get(entry)?.result ?? null })),
    verification: {
      startedAt,
      endedAt: new Date(now()).toISOString(),
      connections,
      agreed: results.size - undecided - disagreements.length,
      undecided,
      changed: doubtful.length - disagreements.length,
      disagreements,
      unverified: sumUpRefused(look, first),
    },
  };
}

function isDoubtful(entry: ReachabilityEntry, made: MadeConnection | undefined): boolean {
  return made !== undefined && agrees(entry, made.result) === false;
}

/** A node, and the engine that it is on. */
interface Standing {
  readonly node: Node;
  readonly mirror: EngineMirror;
  readonly world: World;
}

const standings = new WeakMap<Look, ReadonlyMap<string, Standing>>();

function standingOf(look: Look, id: string): Standing | undefined {
  let known = standings.get(look);
  if (known === undefined) {
    const all = look.worlds.flatMap((world, at) => {
      const mirror = look.mirrors[at];
      return mirror === undefined ? [] : world.nodes.map((node) => [node.id, { node, mirror, world }] as const);
    });
    known = new Map(all);
    standings.set(look, known);
  }
  return known.get(id);
}

function namespaceOf(look: Look, id: string): string | null {
  return standingOf(look, id)?.node.namespace ?? null;
}

function resultOf(round: Round, look: Look, entry: ReachabilityEntry): MadeConnection | undefined {
  if (!isProvable(entry)) return undefined;
  return round.made.get(`${namespaceOf(look, entry.from)} ${spellConnection(planOf(entry))}`);
}

/** From one who is paused nobody connects, whoever shares its namespace. */
function isProvable({ verifiable, from, code }: ReachabilityEntry): boolean {
  return verifiable && from !== outsideName && code !== 'source_paused';
}

function planOf({ address, port, carriedBy }: ReachabilityEntry): PlannedConnection {
  return { address, port, isHeld: carriedBy !== null };
}

function spellEntry({ from, to, address, port, protocol, at }: ReachabilityEntry): string {
  return [from, to, address, port, protocol, at].join(' ');
}

async function connectAll(
  { mayConnectFrom, verifier, signal, onProgress }: ProofOptions,
  look: Look,
  entries: readonly ReachabilityEntry[],
): Promise<Round> {
  const refused = new Map<string, string>();
  const tasks = new Map<string, Task>();
  for (const entry of entries) {
    if (!isProvable(entry) || refused.has(entry.from)) continue;
    const source = standingOf(look, entry.from);
    if (source === undefined || source.node.namespace === null) continue;
    const { node, mirror, world } = source;
    const { namespace } = source.node;
    if (world.away !== undefined) {
      refused.set(entry.from, world.away);
      continue;
    }
    if (!mayConnectFrom(node, mirror)) {
      refused.set(entry.from, 'Terrarium does not manage it, and starts nothing there');
      continue;
    }
    const networkMode = namespace === world.host.namespace ? 'host' : networkModeOf(mirror, node.id, namespace);
    if (networkMode === null) {
      refused.set(entry.from, 'It was restarted or stopped meanwhile');
      continue;
    }
    const task = tasks.get(namespace) ?? { mirror, networkMode, connections: new Map() };
    const plan = planOf(entry);
    const to = entry.at === 'own' ? (namespaceOf(look, entry.to) ?? '') : world.host.namespace;
    task.connections.set(spellConnection(plan), { plan, to });
    tasks.set(namespace, task);
  }

  const total = [...tasks.values()].reduce((sum, { connections }) => sum + connections.size, 0);
  let done = 0;
  const made = new Map<string, MadeConnection>();
  const failing = new AbortController();
  const stop = AbortSignal.any([signal, failing.signal]);
  const { plans, canForget } = divide(tasks, new Set(look.worlds.map(({ host }) => host.namespace)));
  const last = Math.max(-1, ...plans.flatMap(({ rounds }) => [...rounds.keys()]));
  const work = Array.from({ length: last + 1 }, (_, round) => plans.filter(({ rounds }) => rounds.has(round)).length);
  const schedule = new Rounds(work, { roundMs: canForget ? 0 : forgettingMs, signal: stop });
  onProgress({ done, total });
  const runs = plans.map(async ({ namespace, mirror, networkMode, rounds }) => {
    const left = new Set(rounds.keys());
    const finish = (round: number) => left.delete(round) && schedule.done(round);
    try {
      const results = await verifier.connectInRounds({ mirror, networkMode }, rounds, {
        signal: stop,
        opened: (round) => schedule.opened(round),
        onMade: (count) => {
          done += count;
          onProgress({ done, total });
        },
        onRound: finish,
      });
      for (const [word, one] of results) made.set(`${namespace} ${word}`, one);
    } catch (error) {
      if (isAboutTarget(error) && !stop.aborted) {
        for (const { id } of look.worlds.flatMap(({ nodes }) => nodes))
          if (namespaceOf(look, id) === namespace) refused.set(id, 'It was stopped or removed meanwhile');
        return;
      }
      // One source that fails by the engine's doing fails all: the others are not left running.
      failing.abort(error);
      throw error;
    } finally {
      for (const round of [...left]) finish(round);
    }
  });
  const ends = await Promise.allSettled(runs);
  const failed = ends.find((end) => end.status === 'rejected');
  signal.throwIfAborted();
  if (failed !== undefined) throw failed.reason;
  return { made, refused, connections: made.size };

  function networkModeOf(mirror: EngineMirror, id: string, namespace: string): string | null {
    const lookup = lookupIn(mirror);
    const facts = lookup(id);
    const target = facts === undefined ? null : findNamespace(mirror.engine.name, facts, lookup);
    return target?.id === namespace ? target.networkMode : null;
  }
}

/**
 * Each source's connections by the rounds in which they are made. Where there are several, and a helper of ours is in each namespace that is met, all
 * forget whom they met after each of them; the host's need not, where each container is one neighbour at most.
 */
function divide(tasks: ReadonlyMap<string, Task>, hostNamespaces: ReadonlySet<string>) {
  const numbers = new Map([...tasks.keys()].map((namespace, index) => [namespace, index]));
  const numberOf = (namespace: string) => numbers.get(namespace) ?? -1;
  const targets = [...tasks.values()].flatMap(({ connections }) => [...connections.values()].map(({ to }) => to));
  const roundOf = planRounds(
    [...tasks].flatMap(([namespace, { connections }]) =>
      [...connections.values()].map(({ to }) => ({ from: numberOf(namespace), to: numberOf(to) })),
    ),
  );
  const count = Math.max(0, ...roundOf.values()) + 1;
  const canForget = count > 1 && targets.every((to) => tasks.has(to) || hostNamespaces.has(to));
  const plans = [...tasks].map(([namespace, { mirror, networkMode, connections }]) => {
    const rounds = new Map<number, RoundWork>();
    for (const { plan, to } of connections.values()) {
      const number = roundOf.get(spellMeeting({ from: numberOf(namespace), to: numberOf(to) })) ?? 0;
      const round = canForget ? 2 * number : number;
      const before = rounds.get(round);
      rounds.set(round, [...(Array.isArray(before) ? before : []), plan]);
    }
    if (canForget && networkMode !== 'host') for (let i = 0; i < count; i += 1) rounds.set(2 * i + 1, 'forget');
    return { namespace, mirror, networkMode, rounds };
  });
  return { plans, canForget };
}

function describeDisagreement(entry: ReachabilityEntry, { result, detail }: MadeConnection): Disagreement {
  const { from, to, address, port, outcome, code, seenAs, sentence } = entry;
  return { from, to, address, port, predicted: { outcome, code, seenAs, sentence }, observed: result, detail };
}

function sumUpRefused({ matrix }: Look, { refused }: Round): Verification['unverified'] {
  return [...refused].map(([from, reason]) => ({
    from,
    reason,
    entries: matrix.entries.filter((entry) => entry.from === from && isProvable(entry)).length,
  }));
}
