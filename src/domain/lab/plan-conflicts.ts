// What on the engine stands in the way of a plan: names, ports, subnets and networks that are somebody else's. Told before anything is made.
import { Failure } from '../../schemas/failure.ts';
import type { ContainerFacts, NetworkFacts } from '../container/facts.ts';
import { label, roles } from '../labels.ts';
import { expandHostPorts, findPortHolders } from '../ports/holder.ts';
import { parsePortMappings } from '../ports/port-mapping.ts';
import { formatSubnet, overlaps, parseSubnet, type Subnet } from '../subnet.ts';
import { homeOf } from './lab-home.ts';
import { dockerBridge } from './lab-identity.ts';
import type { PlanStep } from './lab-plan.ts';
import type { Decisions } from './lab-planner.ts';
import { readSubnets } from './network-rules.ts';
import type { On } from './observed-lab.ts';

export function findConflicts(decisions: Decisions): Failure[] {
  return [
    ...findTakenNames(decisions),
    ...findTakenSubnets(decisions),
    ...findMissingNetworks(decisions),
    ...findBusyNetworks(decisions),
    ...findTakenPorts(decisions),
  ];
}

const isNew = (step: PlanStep | undefined) => step?.do === 'create' || step?.do === 'replace';
const holderOf = ({ id, name }: { readonly id: string; readonly name: string }) => ({ holder: { id, name } });

function findTakenNames(decisions: Decisions): Failure[] {
  const { networks, containers, lab, desired } = decisions;
  const taken = { container: byPlace(lab.others.containers), network: byPlace(lab.others.networks) };
  const enginesOf = new Map(desired.networks.map(({ key, engines }) => [key, engines]));
  return [...networks.values(), ...containers.values()].flatMap((step) => {
    if (!isNew(step)) return [];
    // An overlay is looked for by its name on each engine that has a container on it.
    const places = step.kind === 'network' ? (enginesOf.get(step.key) ?? []) : [step.engine];
    const holder = places
      .map((engine) => taken[step.kind].get(`${engine} ${step.name}`))
      .find((one) => one !== undefined);
    if (holder === undefined) return [];
    const { whose, hint } = describeHolder(step.kind, holder, decisions);
    const detail = `The ${step.kind} "${step.key}" would be called "${step.name}", and ${whose}${spellPlace(holder.engine, decisions)}`;
    return [
      new Failure('name_taken', detail, { field: `${step.kind}s.${step.key}`, hint, extra: holderOf(holder.facts) }),
    ];
  });
}

function byPlace<Facts extends { readonly name: string }>(found: readonly On<Facts>[]): ReadonlyMap<string, On<Facts>> {
  return new Map(found.map((one) => [`${one.engine} ${one.facts.name}`, one]));
}

/** On which engine, where that has to be said. */
function spellPlace(engine: string, { engines }: Decisions): string {
  return engines.size > 1 ? ` on the engine ${engine}` : '';
}

/** Who has the name that a member of the lab is to have, and how it becomes free. */
function describeHolder(
  kind: PlanStep['kind'],
  { engine, facts: { name, labels } }: On<ContainerFacts | NetworkFacts>,
  { desired: { identity, home }, engines }: Decisions,
): { whose: string; hint: string } {
  const { lab } = identity;
  const remove = `Remove it (DELETE /api/v1/${kind}s/${name})`;
  const owner = labels[label.lab];
  if (labels[label.managed] !== 'true' || owner === undefined)
    return {
      whose: `a ${kind} of that name exists that belongs to no lab`,
      hint: `${remove}, or apply the lab under another name.`,
    };
  if (owner !== lab)
    return {
      whose: `the lab "${owner}" has a ${kind} of that name`,
      hint: `Name one of them otherwise: the lab "${lab}", or its ${kind} in the file.`,
    };
  const hereId = engines.get(engine)?.id ?? '';
  const homeId = homeOf(labels, hereId);
  if (homeId !== engines.get(home)?.id) {
    const where = [...engines.values()].find(({ id }) => id === homeId)?.name ?? `with the id ${homeId}`;
    return {
      whose: `the lab of the same name of the engine ${where} has a ${kind} of that name`,
      hint: `Apply one of the two under another name, or with another "engine".`,
    };
  }
  if (labels[label.role] === roles.labNetwork)
    return {
      whose: `a network of that name was made for containers that were created with "lab": "${lab}", by no file`,
      hint: `Remove those containers (GET /api/v1/containers?lab=${lab} lists them), and it goes with the last. Or name a network in the file, and put its containers there.`,
    };
  return {
    whose: `a ${kind} of that name was created with "lab": "${lab}", by no file`,
    hint: `${remove}: the lab makes its own.`,
  };
}

function findTakenSubnets({ desired, networks, removals, lab }: Decisions): Failure[] {
  const going = new Set([...networks.values(), ...removals].filter((step) => step.do !== 'keep').map(({ id }) => id));
  const members = [...lab.networks.values()].flatMap(({ engines, facts }) =>
    engines.map((engine) => ({ engine, facts })),
  );
  const staying = [...lab.others.networks, ...members].filter(({ facts }) => !going.has(facts.id));
  const subnets = staying.flatMap((one) => readTaken(one.facts).map((subnet) => ({ ...one, subnet })));
  return desired.networks.flatMap((network) => {
    if (!isNew(networks.get(network.key))) return [];
    return readSubnets(network.spec).list.flatMap(({ field, subnet }) => {
      const holder = subnets.find((one) => one.engine === network.engine && overlaps(one.subnet, subnet));
      if (holder === undefined) return [];
      const detail = `${formatSubnet(subnet)} of the network "${network.key}" overlaps with ${formatSubnet(holder.subnet)} of the network "${holder.facts.name}"`;
      const hint = `Choose another ${field}, or leave it out: then the engine chooses.`;
      return [
        new Failure('address_in_use', detail, {
          field: `networks.${network.key}.${field}`,
          hint,
          extra: holderOf(holder.facts),
        }),
      ];
    });
  });
}

function readTaken({ subnets }: NetworkFacts): Subnet[] {
  return subnets.flatMap(({ subnet }) => parseSubnet(subnet)?.subnet ?? []);
}

function findMissingNetworks({ desired, containers, lab, engines }: Decisions): Failure[] {
  const swarmOf = (engine: string) => engines.get(engine)?.swarm ?? null;
  const known = new Set(
    lab.others.networks.flatMap(({ engine, facts: { id, name, scope } }) => {
      // A worker shows an overlay of its Swarm once something is on it there.
      const swarm = scope === 'swarm' ? swarmOf(engine) : null;
      const places = [engine, ...(swarm === null ? [] : [...engines.keys()].filter((one) => swarmOf(one) === swarm))];
      return places.flatMap((place) => [`${place} ${id}`, `${place} ${name}`]);
    }),
  );
  return desired.containers.flatMap(({ key, network, request, engine }) => {
    if (network !== null || !isNew(containers.get(key))) return [];
    const wanted = request.mode === 'bridged' || request.mode === 'open' ? request.network : undefined;
    if (wanted === undefined || wanted === dockerBridge || known.has(`${engine} ${wanted}`)) return [];
    const detail = `The container "${key}" is to be on the network "${wanted}", which the engine ${engine} does not have`;
    return [
      new Failure('network_not_found', detail, {
        field: `containers.${key}.network`,
        hint: 'Make it first, or leave out external: then the lab makes one of its own.',
      }),
    ];
  });
}

/** A network that is to go, with somebody on it that stays. */
function findBusyNetworks({ networks, removals, lab }: Decisions): Failure[] {
  const going = [...networks.values(), ...removals].filter(
    ({ kind, do: verb }) => kind === 'network' && (verb === 'replace' || verb === 'remove'),
  );
  return going.flatMap((step) => {
    const user = lab.others.containers.find(({ facts: { endpoints } }) =>
      endpoints.some(({ networkId }) => networkId === step.id),
    )?.facts;
    if (user === undefined) return [];
    const detail = `The network "${step.name}" is to be ${step.do}d, and the container "${user.name}", which the file does not have, is on it`;
    return [
      new Failure('state_conflict', detail, {
        field: `networks.${step.key}`,
        hint: `Disconnect or remove "${user.name}" first.`,
        extra: holderOf(user),
      }),
    ];
  });
}

function findTakenPorts({ desired, containers, lab }: Decisions): Failure[] {
  const byPort = new Map<string, ContainerFacts[]>();
  for (const { engine, facts } of lab.others.containers) {
    for (const { hostPort, protocol } of facts.ports) {
      const key = `${engine} ${hostPort}/${protocol}`;
      byPort.set(key, [...(byPort.get(key) ?? []), facts]);
    }
  }
  return desired.containers.flatMap(({ key, request, engine }) => {
    const step = containers.get(key);
    if (request.mode !== 'open' || request.ports === undefined || !(isNew(step) || step?.do === 'start')) return [];
    return parsePortMappings(request.ports).flatMap((binding) => {
      const [port, another] = expandHostPorts(binding.hostPort);
      if (port === undefined || another !== undefined) return [];
      const [holder] = findPortHolders(binding, byPort.get(`${engine} ${port}/${binding.protocol}`) ?? []).holders;
      if (holder === undefined) return [];
      const detail = `The container "${key}" publishes port ${port} of the host, which the container "${holder.container.name}" has`;
      const hint = 'Publish another one, or the container port alone: then the engine chooses.';
      return [
        new Failure('port_in_use', detail, {
          field: `containers.${key}.ports`,
          hint,
          extra: holderOf(holder.container),
        }),
      ];
    });
  });
}
