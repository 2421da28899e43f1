// What a lab file asks for, member by member: every name resolved to what it is on the engine, in an order in which nothing comes before what it
// needs. Pure: the file was judged before.

import type { CreateRequest } from '../../schemas/create.ts';
import type { LabFile, LabNetwork } from '../../schemas/lab.ts';
import { canonicalizeRequest } from '../container/spec-identity.ts';
import { networkOf } from './container-network.ts';
import { defaultNetwork, dockerBridge, engineName, itemKey, type LabIdentity, listInstances } from './lab-identity.ts';
import type { LabPlacement } from './lab-placement.ts';
import { sortByNeeds } from './needs.ts';

export interface DesiredNetwork {
  readonly key: string;
  readonly name: string;
  /** Where it is made. */
  readonly engine: string;
  /** Where it has to be: several for an overlay. */
  readonly engines: readonly string[];
  readonly spec: LabNetwork;
  readonly specHash: string;
}

export interface DesiredContainer {
  readonly key: string;
  readonly instance: number | null;
  /** Its name within the file. */
  readonly item: string;
  readonly name: string;
  /** The engine that it is on. */
  readonly engine: string;
  readonly request: CreateRequest;
  readonly specHash: string;
  /** Key of the network that it is on, where the lab makes it. */
  readonly network: string | null;
  /** Key of the container that it is joined to. */
  readonly target: string | null;
  /** Keys of the containers that are ready before it is made. */
  readonly after: readonly string[];
  /** Names of the checks that hold when it is ready. */
  readonly ready: readonly string[];
}

export interface DesiredLab {
  readonly identity: LabIdentity;
  /** The engine that has its lock and its document. */
  readonly home: string;
  readonly networks: readonly DesiredNetwork[];
  /** Targets and what others come after first. */
  readonly containers: readonly DesiredContainer[];
}

export interface DesireOptions {
  readonly identity: LabIdentity;
  readonly placement: LabPlacement;
  /** A short text that is equal for equal texts, and for no others. */
  readonly digest: (text: string) => string;
}

export function describeDesired(file: LabFile, { identity, placement, digest }: DesireOptions): DesiredLab {
  const names = sortByNeeds(file.containers);
  const networks: DesiredNetwork[] = [];
  const containers: DesiredContainer[] = [];
  for (const instance of listInstances(identity)) {
    for (const [name, { engine: _where, ...spec }] of listNetworks(file)) {
      networks.push({
        key: itemKey(instance, name),
        name: engineName(identity, instance, name),
        engine: placement.ofNetwork(name),
        engines: placement.enginesOf(name),
        spec,
        specHash: digest(canonicalize(spec)),
      });
    }
    for (const item of names) {
      const container = file.containers[item];
      if (container === undefined) continue;
      const request = toCreateRequest(file, item, identity, instance);
      const engine = placement.ofContainer(item);
      const network = networkOf(container);
      const isOwn = network !== null && network !== dockerBridge && file.networks?.[network]?.external !== true;
      containers.push({
        key: itemKey(instance, item),
        instance,
        item,
        name: engineName(identity, instance, item),
        engine,
        request,
        specHash: digest(canonicalizeRequest(request, engine)),
        network: isOwn ? itemKey(instance, network) : null,
        target: container.mode === 'joined' ? itemKey(instance, container.target) : null,
        after: (container.after ?? []).map((name) => itemKey(instance, name)),
        ready: container.ready ?? [],
      });
    }
  }
  return { identity, home: placement.home, networks, containers };
}

/** The networks that the lab makes: those of the file, and `default` where a container is on it. */
function listNetworks(file: LabFile): [string, LabNetwork][] {
  const listed = Object.entries(file.networks ?? {}).map(([name, spec]) => [name, spec ?? {}] as [string, LabNetwork]);
  const isNeeded = Object.values(file.containers).some((container) => networkOf(container) === defaultNetwork);
  const isListed = listed.some(([name]) => name === defaultNetwork);
  const own = listed.filter(([, spec]) => spec.external !== true);
  return isNeeded && !isListed ? [...own, [defaultNetwork, {}]] : own;
}

/** The create request of one container, as a user would have written it by hand. */
export function toCreateRequest(
  file: LabFile,
  item: string,
  identity: LabIdentity,
  instance: number | null,
): CreateRequest {
  const container = file.containers[item];
  if (container === undefined) throw new Error(`the lab has no container ${item}`);
  const pull = container.pull ?? file.policies?.pull;
  const common = { name: engineName(identity, instance, item), lab: identity.lab, ...(pull !== undefined && { pull }) };
  const { after: _after, ready: _ready, engine: _engine, ...spec } = container;
  switch (spec.mode) {
    case 'closed':
      return { ...spec, ...common };
    case 'joined':
      return { ...spec, ...common, target: engineName(identity, instance, spec.target) };
    case 'bridged':
      return { ...spec, ...common, ...placeOnNetwork(file, item, spec, identity, instance) };
    case 'open': {
      const { ports, ...rest } = spec;
      return {
        ...rest,
        ...common,
        ...(ports !== undefined && { ports: ports.map(String) }),
        ...(spec.host === true ? {} : placeOnNetwork(file, item, spec, identity, instance)),
      };
    }
  }
}

/** Its network's name on the engine. The others on it find the container by its name in the file; docker0 knows no names. */
function placeOnNetwork(
  file: LabFile,
  item: string,
  { network = defaultNetwork, aliases = [] }: { network?: string; aliases?: string[] },
  identity: LabIdentity,
  instance: number | null,
): { network: string; aliases?: string[] } {
  if (network === dockerBridge) return { network, ...(aliases.length > 0 && { aliases }) };
  const isExternal = file.networks?.[network]?.external === true;
  return {
    network: isExternal ? network : engineName(identity, instance, network),
    aliases: [...new Set([item, ...aliases])],
  };
}

function canonicalize({ driver, ...rest }: LabNetwork): string {
  // A bridge is one whether the file says so or not.
  const spec = driver === 'overlay' ? { driver, ...rest } : rest;
  return JSON.stringify(Object.entries(spec).sort(([one], [other]) => (one < other ? -1 : 1)));
}
