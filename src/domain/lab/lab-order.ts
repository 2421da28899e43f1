// The actions of a plan, and which of them have to wait for which: nothing uses what does not exist yet, nothing is removed while something hangs
// on it, and what was somebody's (a name, a port, a subnet, an address) is free before somebody else gets it. All else may happen at once.
import type { ContainerFacts } from '../container/facts.ts';
import { joinTarget } from '../container/join-chain.ts';
import { expandHostPorts } from '../ports/holder.ts';
import { parsePortMappings } from '../ports/port-mapping.ts';
import type { DesiredContainer } from './desired-lab.ts';
import type { PlanAction, PlanStep } from './lab-plan.ts';
import type { Decisions } from './lab-planner.ts';
import { readSubnets } from './network-rules.ts';
import type { On } from './observed-lab.ts';

export function orderActions(decisions: Decisions): PlanAction[] {
  const removals = listRemovals(decisions);
  const { networks, containers, desired } = decisions;
  const actions: PlanAction[] = [...removals.actions];
  const add = (step: PlanStep, verb: PlanAction['do'], after: readonly string[]): string => {
    const action = toAction(step, verb, after);
    actions.push(action);
    return action.id;
  };

  /** What brings a network or a container up, by its key; nothing where it is kept. */
  const ups = { networks: new Map<string, string>(), containers: new Map<string, string>() };
  const isNew = (step: PlanStep | undefined) => step?.do === 'create' || step?.do === 'replace';

  // Those that choose their subnets come before those that take what is free.
  const chosen: { readonly engine: string; readonly id: string }[] = [];
  for (const choosing of [true, false]) {
    for (const network of desired.networks) {
      const step = networks.get(network.key);
      if (step === undefined || !isNew(step) || readSubnets(network.spec).list.length > 0 !== choosing) continue;
      const { engine } = network;
      const before = chosen.filter((one) => one.engine === engine).map(({ id }) => id);
      const after = choosing
        ? removals.networksOn(engine)
        : network.engines.flatMap((one) => removals.ofName(one, 'network', network.name)).concat(before);
      const id = add(step, 'create', [...after, ...removals.ofStep(step)]);
      ups.networks.set(network.key, id);
      if (choosing) chosen.push({ engine, id });
    }
  }

  const needed = new Set(
    desired.containers.filter(({ key }) => containers.get(key)?.do !== 'keep').flatMap(({ after }) => after),
  );
  const lastOf = new Map<string, string>();
  const addressing = orderAddresses(decisions);
  for (const container of desired.containers) {
    const step = containers.get(container.key);
    if (step === undefined) continue;
    const before = [
      ...(container.target === null ? [] : [ups.containers.get(container.target)]),
      ...container.after.map((key) => lastOf.get(key)),
    ].filter((id) => id !== undefined);
    if (isNew(step)) {
      const network = container.network === null ? undefined : ups.networks.get(container.network);
      const after = [
        ...before,
        ...(network === undefined ? [] : [network]),
        ...removals.ofStep(step),
        ...removals.ofName(container.engine, 'container', container.name),
        ...removals.inTheWayOf(container, decisions),
        ...addressing.before(container),
      ];
      ups.containers.set(container.key, add(step, 'create', after));
    } else if (step.do === 'start' || step.do === 'rejoin') {
      const after = [...before, ...removals.inTheWayOf(container, decisions)];
      ups.containers.set(container.key, add(step, step.do, after));
    }
    const up = ups.containers.get(container.key);
    if (container.ready.length > 0 && (up !== undefined || needed.has(container.key)))
      lastOf.set(container.key, add(step, 'await', up === undefined ? before : [up]));
    else if (up !== undefined) lastOf.set(container.key, up);
  }
  return actions;
}

/** The id of a verb of a step. */
function nameAction(verb: PlanAction['do'], { kind, key, id }: PlanStep): string {
  return verb === 'remove' ? `remove ${kind} ${id}` : `${verb} ${kind} ${key}`;
}

function toAction(step: PlanStep, verb: PlanAction['do'], after: readonly string[]): PlanAction {
  const { kind, key, name, id, from } = step;
  const engineId = verb === 'create' ? null : id;
  const engine = verb === 'remove' ? (from ?? step.engine) : step.engine;
  return { id: nameAction(verb, step), do: verb, kind, key, name, engine, engineId, after: [...new Set(after)] };
}

interface Removals {
  readonly actions: readonly PlanAction[];
  /** Ids of the removals of networks that an engine shows. */
  networksOn(engine: string): readonly string[];
  /** The removals of what has this name on the engine. */
  ofName(engine: string, kind: PlanStep['kind'], name: string): readonly string[];
  /** The removal that comes before what replaces it, wherever that is made. */
  ofStep(step: PlanStep): readonly string[];
  /** The removals of what holds a port or an address that the container is to have. */
  inTheWayOf(container: DesiredContainer, decisions: Decisions): readonly string[];
}

/** What goes: for good, or to be made anew. Members of a namespace go before its owner, containers before their networks. */
function listRemovals({ lab, networks, containers, removals }: Decisions): Removals {
  const going = [...networks.values(), ...containers.values(), ...removals].filter(
    ({ do: verb, id }) => id !== null && (verb === 'remove' || verb === 'replace'),
  );
  const factsOf = new Map<string, On<ContainerFacts>>();
  for (const one of [...lab.containers.values(), ...lab.duplicates.containers]) factsOf.set(one.facts.id, one);
  const networksOf = new Map<string, readonly string[]>();
  for (const one of [...lab.networks.values(), ...lab.duplicates.networks]) networksOf.set(one.facts.id, one.engines);

  const members = new Map<string, string[]>();
  const residents = new Map<string, string[]>();
  const names = new Map<string, string[]>();
  const holders: { readonly id: string; readonly one: On<ContainerFacts> }[] = [];
  const put = (map: Map<string, string[]>, key: string, id: string) => {
    const known = map.get(key);
    if (known === undefined) map.set(key, [id]);
    else known.push(id);
  };
  for (const step of going) {
    const id = nameAction('remove', step);
    const one = step.kind === 'container' ? factsOf.get(step.id ?? '') : undefined;
    const here = one === undefined ? (networksOf.get(step.id ?? '') ?? [step.from ?? step.engine]) : [one.engine];
    for (const engine of here) put(names, `${engine} ${step.kind} ${one?.facts.name ?? step.name}`, id);
    if (one === undefined) continue;
    const { facts } = one;
    const target = joinTarget(facts.networkMode);
    if (target !== null) put(members, target, id);
    for (const { network, networkId } of facts.endpoints) {
      put(residents, networkId, id);
      if (networkId === '') put(residents, network, id);
    }
    holders.push({ id, one });
  }
  const actions = going.map((step) => {
    const after = step.kind === 'network' ? residentsOf(step) : (members.get(step.id ?? '') ?? []);
    return toAction(step, 'remove', after);
  });
  function residentsOf({ id, name }: PlanStep): string[] {
    return [...(residents.get(id ?? '') ?? []), ...(residents.get(name) ?? [])];
  }
  const byPort = new Map<string, string[]>();
  for (const { id, one } of holders) {
    const { facts, engine } = one;
    for (const { hostPort, protocol } of [...facts.portBindings, ...facts.ports.map(toBinding)])
      for (const port of expandHostPorts(hostPort)) put(byPort, `${engine} ${port}/${protocol}`, id);
  }

  return {
    actions,
    networksOn: (engine) =>
      actions
        .filter(({ kind, engineId }) => kind === 'network' && networksOf.get(engineId ?? '')?.includes(engine))
        .map(({ id }) => id),
    ofName: (engine, kind, name) => names.get(`${engine} ${kind} ${name}`) ?? [],
    ofStep: (step) => (step.do === 'replace' ? [nameAction('remove', step)] : []),
    inTheWayOf({ request, network, engine }, decisions) {
      const found: string[] = [];
      if (request.mode === 'open')
        for (const { hostPort, protocol } of parsePortMappings(request.ports ?? []))
          for (const port of expandHostPorts(hostPort))
            found.push(...(byPort.get(`${engine} ${port}/${protocol}`) ?? []));
      if (network !== null && hasOwnAddress(request))
        found.push(...(residents.get(decisions.networks.get(network)?.id ?? '') ?? []));
      return found;
    },
  };
}

function toBinding({ hostPort, protocol }: ContainerFacts['ports'][number]) {
  return { hostPort: String(hostPort), protocol };
}

function hasOwnAddress(request: DesiredContainer['request']): boolean {
  return (
    (request.mode === 'bridged' || request.mode === 'open') && (request.ip !== undefined || request.ip6 !== undefined)
  );
}

/**
 * On one network those that chose their address come before those that take what is free, or one of these takes theirs. Not so
 * those that somebody with an address of its own waits for: they would wait for each other.
 */
function orderAddresses({ desired, containers }: Decisions): { before(container: DesiredContainer): string[] } {
  const byKey = new Map(desired.containers.map((container) => [container.key, container]));
  const awaited = new Set<string>();
  const choosers = new Map<string, string[]>();
  for (const container of desired.containers) {
    const step = containers.get(container.key);
    const isNew = step?.do === 'create' || step?.do === 'replace';
    if (step === undefined || !isNew || container.network === null || !hasOwnAddress(container.request)) continue;
    const known = choosers.get(container.network) ?? [];
    choosers.set(container.network, [...known, nameAction('create', step)]);
    const pending = [container];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const key of [...next.after, ...(next.target === null ? [] : [next.target])]) {
        const one = byKey.get(key);
        if (one === undefined || awaited.has(key)) continue;
        awaited.add(key);
        pending.push(one);
      }
    }
  }
  return {
    before({ key, network, request }) {
      if (network === null || hasOwnAddress(request) || awaited.has(key)) return [];
      return choosers.get(network) ?? [];
    },
  };
}
