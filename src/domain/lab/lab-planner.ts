// From what a file asks for and what engines hold to a plan. Pure. What is as it should be is kept, whatever else changes; what cannot be
// changed in place is replaced, with each reason; and what hangs on a replaced target or network follows it.
import type { ContainerFacts, NetworkFacts } from '../container/facts.ts';
import { type ContainerLookup, findOrphanReason, followJoins, isAlive, joinTarget } from '../container/join-chain.ts';
import { label } from '../labels.ts';
import { findChangedFields } from './changed-fields.ts';
import type { DesiredContainer, DesiredLab, DesiredNetwork } from './desired-lab.ts';
import { orderActions } from './lab-order.ts';
import type { LabPlan, PlanStep, Reason } from './lab-plan.ts';
import { type ObservedEngine, type ObservedLab, type On, type OnEngines, observeLab } from './observed-lab.ts';
import { findConflicts } from './plan-conflicts.ts';

export interface PlanInput {
  readonly desired: DesiredLab;
  /** All that the lab is or was on. The home is among them. */
  readonly engines: readonly ObservedEngine[];
  /** What the lab was when it was applied last: by it a changed member tells which of its fields changed. */
  readonly previous?: DesiredLab | null;
}

/** The decisions, by which the order and the conflicts are found. */
export interface Decisions {
  readonly desired: DesiredLab;
  readonly lab: ObservedLab;
  readonly engines: ReadonlyMap<string, ObservedEngine>;
  readonly networks: ReadonlyMap<string, PlanStep>;
  readonly containers: ReadonlyMap<string, PlanStep>;
  /** What is removed and not made again. */
  readonly removals: readonly PlanStep[];
}

export function planLab({ desired, engines, previous = null }: PlanInput): LabPlan {
  const read = engines.map((one) => ({ ...one, containers: [...one.containers], networks: [...one.networks] }));
  const homeId = read.find(({ name }) => name === desired.home)?.id;
  if (homeId === undefined) throw new Error(`the plan of a lab was made without its home ${desired.home}`);
  const placeOf = ({ key, engine }: DesiredContainer | DesiredNetwork) => [key, engine] as const;
  const lab = observeLab({ lab: desired.identity.lab, homeId }, read, {
    containers: new Map(desired.containers.map(placeOf)),
    networks: new Map(desired.networks.map(placeOf)),
  });
  const decisions = decide(desired, lab, read, previous);
  return {
    steps: [...decisions.networks.values(), ...decisions.containers.values(), ...decisions.removals],
    actions: orderActions(decisions),
    conflicts: findConflicts(decisions),
  };
}

/** Does carrying it out change anything? */
export function isEmptyPlan({ steps }: Pick<LabPlan, 'steps'>): boolean {
  return steps.every((step) => step.do === 'keep');
}

function decide(
  desired: DesiredLab,
  lab: ObservedLab,
  engines: readonly (ObservedEngine & { readonly containers: readonly ContainerFacts[] })[],
  previous: DesiredLab | null,
): Decisions {
  const before = {
    networks: new Map(previous?.networks.map((network) => [network.key, network])),
    containers: new Map(previous?.containers.map((container) => [container.key, container])),
  };
  const lookups = new Map<string, ContainerLookup>();
  for (const { name, containers: all } of engines) {
    const byRef = new Map(all.flatMap((facts) => [[facts.name, facts] as const, [facts.id, facts] as const]));
    lookups.set(name, (ref) => byRef.get(ref));
  }

  const networks = new Map<string, PlanStep>();
  for (const network of desired.networks)
    networks.set(network.key, decideNetwork(network, lab.networks.get(network.key), before.networks.get(network.key)));

  const containers = new Map<string, PlanStep>();
  for (const container of desired.containers) {
    const there = lab.containers.get(container.key);
    const step = (verb: PlanStep['do'], reasons: readonly Reason[]): PlanStep => ({
      do: verb,
      kind: 'container',
      key: container.key,
      name: container.name,
      engine: container.engine,
      from: there === undefined || there.engine === container.engine ? null : there.engine,
      id: there?.facts.id ?? null,
      reasons,
    });
    if (there === undefined) {
      containers.set(container.key, step('create', [missing]));
      continue;
    }
    const { facts } = there;
    const target = container.target === null ? null : (containers.get(container.target) ?? null);
    const reasons = [
      ...findChanges(container, there, before.containers.get(container.key)),
      ...findLostPlaces(container, facts, { networks, target }),
    ];
    if (reasons.length > 0) containers.set(container.key, step('replace', reasons));
    else if (!isAlive(facts) && facts.state !== 'restarting')
      containers.set(container.key, step('start', [notRunning(facts)]));
    else {
      const reason = findStranding(facts, target, lookups.get(container.engine) ?? (() => undefined));
      containers.set(container.key, reason === null ? step('keep', []) : step('rejoin', [reason]));
    }
  }
  const byName = new Map(engines.map((engine) => [engine.name, engine]));
  return { desired, lab, engines: byName, networks, containers, removals: findRemovals(lab, networks, containers) };
}

const missing: Reason = { code: 'missing', text: 'it is not there' };

function decideNetwork(
  desired: DesiredNetwork,
  there: OnEngines<NetworkFacts> | undefined,
  before: DesiredNetwork | undefined,
): PlanStep {
  const { key, name, engine } = desired;
  const step = { kind: 'network', key, name, engine } as const;
  if (there === undefined) return { ...step, do: 'create', from: null, id: null, reasons: [missing] };
  const { facts } = there;
  const specHash = facts.labels[label.specHash];
  const reasons: Reason[] = [];
  // Wherever an overlay is made, each node of its Swarm has it.
  if (!there.engines.includes(engine)) reasons.push(moved(there.engine, engine));
  if (specHash !== desired.specHash) {
    const isKnown = before !== undefined && before.specHash === specHash;
    reasons.push(...describeChanges(isKnown ? findChangedFields(before.spec, desired.spec) : []));
  }
  if (facts.name !== name) reasons.push(renamed(facts.name, name));
  return {
    ...step,
    do: reasons.length > 0 ? 'replace' : 'keep',
    from: reasons.length > 0 && there.engine !== engine ? there.engine : null,
    id: facts.id,
    reasons,
  };
}

/** What of it is not what the file says now. */
function findChanges(
  { specHash, name, request, engine }: DesiredContainer,
  { facts, engine: here }: On<ContainerFacts>,
  before: DesiredContainer | undefined,
): Reason[] {
  const reasons: Reason[] = [];
  const isMoved = here !== engine;
  if (isMoved) reasons.push(moved(here, engine));
  const made = facts.labels[label.specHash];
  if (made !== specHash) {
    const isKnown = before !== undefined && before.specHash === made;
    const fields = isKnown ? findChangedFields(before.request, request) : [];
    // Where it is made is part of its description.
    if (!isMoved || fields.length > 0) reasons.push(...describeChanges(fields));
  }
  if (facts.name !== name) reasons.push(renamed(facts.name, name));
  if (facts.state === 'dead' || facts.state === 'removing')
    reasons.push({ code: 'dead', text: `its state is ${facts.state}` });
  return reasons;
}

/** Where it was attached is not there any more, or is not what it was. */
function findLostPlaces(
  { network, target: targetKey, request }: DesiredContainer,
  facts: ContainerFacts,
  { networks, target }: { networks: ReadonlyMap<string, PlanStep>; target: PlanStep | null },
): Reason[] {
  if (targetKey !== null && target !== null) {
    const joinedTo = joinTarget(facts.networkMode);
    const isNew = target.do === 'create' || target.do === 'replace';
    // A wrong target of an unchanged request: the one that it had was replaced by another of the same name.
    if (isNew || (joinedTo !== target.id && joinedTo !== target.name))
      return [{ code: 'target_replaced', text: `its target ${target.name} is replaced` }];
  }
  if (request.mode !== 'bridged' && (request.mode !== 'open' || request.host === true)) return [];
  const endpoint = facts.endpoints.find((one) => one.network === request.network);
  if (network !== null) {
    const step = networks.get(network);
    const isNew = step?.do === 'create' || step?.do === 'replace';
    const isAnother = endpoint !== undefined && endpoint.networkId !== '' && endpoint.networkId !== step?.id;
    if (step !== undefined && (isNew || isAnother))
      return [{ code: 'network_replaced', text: `its network ${step.name} is replaced` }];
  }
  return endpoint === undefined
    ? [{ code: 'disconnected', text: `it is not on the network ${request.network} any more` }]
    : [];
}

/** Why a running joined container does not share its target's namespace, or will not; null where it does. */
function findStranding(facts: ContainerFacts, target: PlanStep | null, lookup: ContainerLookup): Reason | null {
  if (target === null) return null;
  const chain = followJoins(facts, lookup);
  // The host's namespace outlives its members.
  if (chain.end.kind === 'host') return null;
  const reason = findOrphanReason(facts, chain);
  return reason === null
    ? null
    : { code: 'orphaned', text: `it is not in the namespace of its target ${target.name} (${reason})` };
}

function findRemovals(
  lab: ObservedLab,
  networks: ReadonlyMap<string, PlanStep>,
  containers: ReadonlyMap<string, PlanStep>,
): PlanStep[] {
  const notInFile: Reason = { code: 'not_in_file', text: 'the file does not have it' };
  const duplicate: Reason = { code: 'duplicate', text: 'another one is the same member of the lab' };
  const remove = (
    kind: PlanStep['kind'],
    { engine, facts: { id, name, labels } }: On<ContainerFacts | NetworkFacts>,
    reason: Reason,
  ): PlanStep => ({
    do: 'remove',
    kind,
    key: labels[label.item] ?? '',
    name,
    engine,
    from: null,
    id,
    reasons: [reason],
  });
  return [
    ...[...lab.containers].flatMap(([key, one]) => (containers.has(key) ? [] : [remove('container', one, notInFile)])),
    ...lab.duplicates.containers.map((one) => remove('container', one, duplicate)),
    ...[...lab.networks].flatMap(([key, one]) => (networks.has(key) ? [] : [remove('network', one, notInFile)])),
    ...lab.duplicates.networks.map((one) => remove('network', one, duplicate)),
  ];
}

function describeChanges(fields: readonly string[]): Reason[] {
  if (fields.length === 0) return [{ code: 'changed', text: 'its description changed' }];
  return fields.map((field) => ({ code: 'changed', field, text: `${field} changed` }));
}

function moved(from: string, to: string): Reason {
  return { code: 'moved', text: `it moves from the engine ${from} to ${to}` };
}

function renamed(from: string, to: string): Reason {
  return { code: 'renamed', text: `it is called ${from} and not ${to}` };
}

function notRunning({ state, exitCode, startedAt }: ContainerFacts): Reason {
  const text = startedAt === null ? 'it was never started' : `it is ${state}, with exit code ${exitCode}`;
  return { code: 'not_running', text };
}
