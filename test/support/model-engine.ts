// Engines as the planner's tests need them: they hold facts, and refuse what real ones would refuse. Nothing but the calls of a plan changes them.
// Several may be nodes of one Swarm, and then share overlays.
import assert from 'node:assert/strict';
import type { ContainerFacts, NetworkFacts, PortBinding } from '../../src/domain/container/facts.ts';
import { findOrphanReason, followJoins, joinTarget } from '../../src/domain/container/join-chain.ts';
import type { DesiredContainer, DesiredLab, DesiredNetwork } from '../../src/domain/lab/desired-lab.ts';
import { markHome } from '../../src/domain/lab/lab-home.ts';
import type { LabPlan, PlanAction } from '../../src/domain/lab/lab-plan.ts';
import type { ObservedEngine } from '../../src/domain/lab/observed-lab.ts';
import { label } from '../../src/domain/labels.ts';
import { findSelfConflict } from '../../src/domain/ports/holder.ts';
import { parsePortMappings } from '../../src/domain/ports/port-mapping.ts';
import { overlaps, parseSubnet } from '../../src/domain/subnet.ts';
import { containerFacts, endpointFacts } from './container-facts.ts';

/** Picks one of `count`. */
export type Choose = (count: number) => number;

/** What nodes of one Swarm have in common. The first is its manager. */
export class ModelSwarm {
  readonly overlays = new Map<string, NetworkFacts>();
  readonly nodes: ModelEngine[] = [];

  get containers(): ContainerFacts[] {
    return this.nodes.flatMap(({ containers }) => [...containers.values()]);
  }
}

/** Carries a plan out in one of the orders that it allows, on these engines. Answers what was touched, by kind and key. */
export function carryOutPlan(
  plan: LabPlan,
  desired: DesiredLab,
  engines: readonly ModelEngine[],
  choose: Choose,
): Set<string> {
  assert.deepEqual(plan.conflicts, []);
  const touched = new Set<string>();
  const known = new Set(plan.actions.map(({ id }) => id));
  assert.equal(known.size, plan.actions.length, 'two actions have one id');
  const done = new Set<string>();
  let pending = [...plan.actions];
  while (pending.length > 0) {
    const ready = pending.filter(({ after }) => after.every((id) => done.has(id)));
    const action = ready[choose(ready.length)];
    assert.ok(action !== undefined, `nothing of these can be done: ${pending.map(({ id }) => id).join(', ')}`);
    for (const id of action.after) assert.ok(known.has(id), `${action.id} waits for ${id}, which is no action`);
    const engine = engines.find(({ name }) => name === action.engine);
    assert.ok(engine !== undefined, `${action.id} is for the engine ${action.engine}, which is none`);
    engine.carryOut(action, desired);
    if (action.do !== 'await') touched.add(`${action.kind} ${action.key}`);
    done.add(action.id);
    pending = pending.filter((one) => one !== action);
  }
  return touched;
}

export class ModelEngine {
  readonly containers = new Map<string, ContainerFacts>();
  readonly networks = new Map<string, NetworkFacts>();
  readonly name: string;
  readonly #swarm: ModelSwarm | null;
  /** The id of the labs' home. */
  readonly #homeId: string;
  /** Calls so far, in words. */
  readonly calls: string[] = [];
  #count = 0;

  constructor(name = 'local', { swarm = null, home = name }: { swarm?: ModelSwarm | null; home?: string } = {}) {
    this.name = name;
    this.#swarm = swarm;
    this.#homeId = `id of ${home}`;
    swarm?.nodes.push(this);
  }

  get id(): string {
    return `id of ${this.name}`;
  }

  get isManager(): boolean {
    return this.#swarm?.nodes[0] === this;
  }

  /** A worker shows an overlay once a container of its own is on it. */
  get observed(): ObservedEngine {
    const used = new Set(
      [...this.containers.values()].flatMap(({ endpoints }) => endpoints.map((one) => one.networkId)),
    );
    const overlays = [...(this.#swarm?.overlays.values() ?? [])].filter(({ id }) => this.isManager || used.has(id));
    return {
      name: this.name,
      id: this.id,
      swarm: this.#swarm === null ? null : 'swarm',
      isManager: this.isManager,
      containers: this.containers.values(),
      networks: [...this.networks.values(), ...overlays],
    };
  }

  /** Carries a plan out that is for this engine alone. */
  apply(plan: LabPlan, desired: DesiredLab, choose: Choose): Set<string> {
    return carryOutPlan(plan, desired, [this], choose);
  }

  carryOut(action: PlanAction, desired: DesiredLab): void {
    this.calls.push(action.id);
    const { kind, key } = action;
    if (action.do === 'remove') {
      if (kind === 'network') this.removeNetwork(action.engineId ?? '');
      else this.removeContainer(action.engineId ?? '');
      return;
    }
    if (action.do === 'create' && kind === 'network') {
      const network = desired.networks.find((one) => one.key === key);
      assert.ok(network !== undefined);
      this.createNetwork(network, desired.identity.lab);
      return;
    }
    const container = desired.containers.find((one) => one.key === key);
    assert.ok(container !== undefined);
    if (action.do === 'create') this.createContainer(container, desired.identity.lab);
    else if (action.do === 'await') this.#requireReady(container, desired);
    else this.start(action.engineId ?? '');
  }

  createNetwork({ key, name, spec, specHash }: DesiredNetwork, lab: string): void {
    const isOverlay = spec.driver === 'overlay';
    if (isOverlay) assert.ok(this.isManager, `${this.name} is no manager, and is to make the overlay ${name}`);
    const all = this.#reachable();
    assert.ok(!all.some((one) => one.name === name), `a network ${name} exists`);
    const wanted = spec.bip === undefined ? null : parseSubnet(spec.bip);
    // Overlays are beside the host's own routes: only what an engine shows is in the way.
    const shown = [...this.observed.networks];
    const taken = (subnet: string) => shown.some((one) => one.subnets.some((other) => isOverlap(other.subnet, subnet)));
    const free = Array.from({ length: 250 }, (_, i) => `10.9.${i}.0/24`).find((subnet) => !taken(subnet)) ?? '';
    const subnet = wanted === null ? free : (spec.bip ?? '').replace(/\.\d+\//, '.0/');
    assert.ok(!taken(subnet), `${subnet} of ${name} is taken`);
    this.#count += 1;
    const id = `net ${this.name} ${this.#count}`;
    (isOverlay ? (this.#swarm?.overlays ?? this.networks) : this.networks).set(id, {
      id,
      name,
      driver: isOverlay ? 'overlay' : 'bridge',
      scope: isOverlay ? 'swarm' : 'local',
      internal: false,
      attachable: false,
      ingress: false,
      ipv6: false,
      createdAt: '2026-01-01T00:00:00Z',
      labels: {
        [label.managed]: 'true',
        [label.lab]: lab,
        [label.item]: key,
        [label.specHash]: specHash,
        ...markHome(this.#homeId, this.id, isOverlay),
      },
      options: {},
      subnets: [{ subnet, gateway: '', ipRange: '', auxiliary: {} }],
    });
  }

  removeNetwork(id: string): void {
    const network = this.networks.get(id) ?? this.#swarm?.overlays.get(id);
    assert.ok(network !== undefined, `there is no network ${id}`);
    if (network.driver === 'overlay') assert.ok(this.isManager, `${this.name} is no manager`);
    const user = this.#neighbours(network).find(({ endpoints }) => endpoints.some((one) => one.networkId === id));
    assert.equal(user, undefined, `${user?.name} is on ${network.name}`);
    this.networks.delete(id);
    this.#swarm?.overlays.delete(id);
  }

  /** What a container here can be put on. */
  #reachable(): NetworkFacts[] {
    return [...this.networks.values(), ...(this.#swarm?.overlays.values() ?? [])];
  }

  /** Who may be on the network. */
  #neighbours({ driver }: NetworkFacts): ContainerFacts[] {
    return driver === 'overlay' ? (this.#swarm?.containers ?? []) : [...this.containers.values()];
  }

  createContainer({ key, name, request, specHash, engine }: DesiredContainer, lab: string): void {
    assert.equal(engine, this.name, `${name} is not for this engine`);
    const all = [...this.containers.values()];
    assert.ok(!all.some((one) => one.name === name), `a container ${name} exists`);
    this.#count += 1;
    const base = {
      id: `${this.name} ${this.#count} `.padEnd(64, 'x'),
      startedAt: this.#now(),
      labels: {
        [label.managed]: 'true',
        [label.lab]: lab,
        [label.item]: key,
        [label.specHash]: specHash,
        ...markHome(this.#homeId, this.id),
      },
      portBindings: [] as PortBinding[],
    };
    if (request.mode === 'joined') {
      const target = all.find((one) => one.name === request.target);
      assert.equal(target?.state, 'running', `the target ${request.target} of ${name} does not run`);
      this.#put(containerFacts(name, { ...base, networkMode: `container:${target?.id}`, endpoints: [] }));
      return;
    }
    if (request.mode === 'closed' || (request.mode === 'open' && request.host === true)) {
      const networkMode = request.mode === 'closed' ? 'none' : 'host';
      this.#put(containerFacts(name, { ...base, networkMode, endpoints: [] }));
      return;
    }
    const network = this.#reachable().find((one) => one.name === request.network);
    assert.ok(network !== undefined, `there is no network ${request.network} for ${name}`);
    const bindings = request.mode === 'open' ? parsePortMappings(request.ports ?? []) : [];
    const running = all.filter(({ state }) => state === 'running').flatMap(({ portBindings }) => portBindings);
    assert.equal(findSelfConflict([...running, ...bindings]), null, `a port of ${name} is taken`);
    const ipv4 = this.#takeAddress(network, request.ip);
    this.#put(
      containerFacts(name, {
        ...base,
        networkMode: network.name,
        portBindings: bindings,
        endpoints: [endpointFacts({ network: network.name, networkId: network.id, ipv4 })],
      }),
    );
  }

  removeContainer(id: string): void {
    const container = this.containers.get(id);
    assert.ok(container !== undefined, `there is no container ${id}`);
    const member = [...this.containers.values()].find((one) => joinTarget(one.networkMode) === id);
    assert.equal(member, undefined, `${member?.name} is joined to ${container.name}`);
    this.containers.delete(id);
  }

  /** Starts it, or starts it anew. */
  start(id: string): void {
    const container = this.containers.get(id);
    assert.ok(container !== undefined, `there is no container ${id}`);
    const target = joinTarget(container.networkMode);
    if (target !== null)
      assert.equal(this.containers.get(target)?.state, 'running', `the target of ${container.name} does not run`);
    this.#put({ ...container, state: 'running', startedAt: this.#now() });
  }

  /** As `docker restart` does, whatever becomes of those that are joined to it. */
  restart(id: string): void {
    const container = this.containers.get(id);
    if (container !== undefined) this.#put({ ...container, state: 'running', startedAt: this.#now() });
  }

  stop(id: string): void {
    const container = this.containers.get(id);
    if (container !== undefined) this.#put({ ...container, state: 'exited' });
  }

  /** What is there, without what differs from run to run. */
  get summary(): unknown {
    const lookup = (ref: string) => this.containers.get(ref);
    const containers = [...this.containers.values()].map((facts) => ({
      name: facts.name,
      key: facts.labels[label.item],
      spec: facts.labels[label.specHash],
      state: facts.state,
      target: followJoins(facts, lookup).targets.map(({ name }) => name),
      stranded: findOrphanReason(facts, followJoins(facts, lookup)),
      networks: facts.endpoints.map(({ network, networkId }) => [
        network,
        this.#reachable().some(({ id }) => id === networkId),
      ]),
    }));
    const networks = (this.isManager ? this.#reachable() : [...this.networks.values()]).map(({ name, labels }) => ({
      name,
      spec: labels[label.specHash],
    }));
    const byName = (one: { name: string }, other: { name: string }) => (one.name < other.name ? -1 : 1);
    return { containers: containers.sort(byName), networks: networks.sort(byName) };
  }

  #requireReady({ key, ready }: DesiredContainer, desired: DesiredLab): void {
    assert.ok(ready.length > 0, `${key} is never ready`);
    const name = desired.containers.find((one) => one.key === key)?.name;
    assert.ok([...this.containers.values()].some((one) => one.name === name && one.state === 'running'));
  }

  #takeAddress(network: NetworkFacts, wanted: string | undefined): string {
    const taken = new Set(
      this.#neighbours(network).flatMap(({ endpoints }) =>
        endpoints.flatMap((one) => (one.networkId === network.id ? [one.ipv4] : [])),
      ),
    );
    const prefix = (network.subnets[0]?.subnet ?? '').replace(/\.0\/\d+$/, '.');
    const address =
      wanted ?? Array.from({ length: 253 }, (_, i) => `${prefix}${i + 2}`).find((one) => !taken.has(one)) ?? '';
    assert.ok(!taken.has(address), `${address} on ${network.name} is taken`);
    return address;
  }

  #put(facts: ContainerFacts): void {
    this.containers.set(facts.id, facts);
  }

  #now(): string {
    this.#count += 1;
    return new Date(Date.UTC(2026, 0, 1) + this.#count * 1_000).toISOString();
  }
}

function isOverlap(one: string, other: string): boolean {
  const [left, right] = [parseSubnet(one), parseSubnet(other)];
  return left !== null && right !== null && overlaps(left.subnet, right.subnet);
}
