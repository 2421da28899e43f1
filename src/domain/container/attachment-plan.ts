// How a container that is asked for will be attached: the four models, and what each refuses. Pure; part of the create planner.
import type { CreateBridged, CreateJoined, CreateOpen, CreateRequest } from '../../schemas/create.ts';
import { Failure } from '../../schemas/failure.ts';
import { label } from '../labels.ts';
import { readNameServers } from '../name-servers.ts';
import { networkDns } from '../network/network-dns.ts';
import { isDefaultBridge, refuseOnDefaultBridge, refuseUnusable } from '../network/usable-network.ts';
import { parsePortMappings } from '../ports/port-mapping.ts';
import type { Attachment } from './container-spec.ts';
import type { CreateContext } from './create-planner.ts';
import type { ContainerFacts, NetworkFacts, PortBinding } from './facts.ts';
import { type ContainerLookup, findOrphanReason, followJoins, isAlive, locateNamespace } from './join-chain.ts';

export interface AttachmentPlan {
  readonly attachment: Attachment;
  readonly labNetwork: string | null;
  /** Labels that only this attachment has. */
  readonly labels: Readonly<Record<string, string>>;
  /** The planner adds its own. */
  readonly warnings: string[];
}

type OnNetwork = ({ mode: 'bridged' } & CreateBridged) | ({ mode: 'open' } & CreateOpen);

/** The name of the bridge that containers of a lab are on when they name none. */
export function labNetworkName(lab: string): string {
  return `${lab}-default`;
}

/** @throws Failure naming the field */
export function planAttachment(request: CreateRequest, context: CreateContext): AttachmentPlan {
  switch (request.mode) {
    case 'closed':
      return { attachment: { kind: 'closed' }, labNetwork: null, labels: {}, warnings: [] };
    case 'bridged':
      return planOnNetwork(request, [], false, context);
    case 'open':
      return planOpen(request, context);
    case 'joined':
      return planJoined(request, context);
  }
}

function planOpen(request: { mode: 'open' } & CreateOpen, context: CreateContext): AttachmentPlan {
  const publishAll = request.publishAll ?? false;
  if (request.host === true) return planHost(request, context);
  if (request.ports === undefined && !publishAll) {
    throw new Failure('invalid_request', 'An open container needs one of ports, publishAll and host', {
      field: 'ports',
      hint: 'Give ports: ["2222"], or publishAll: true, or host: true; or use POST /api/v1/containers/bridged.',
    });
  }
  return planOnNetwork(request, parsePortMappings(request.ports ?? []), publishAll, context);
}

const excludedByHost = ['ports', 'publishAll', 'network', 'ip', 'ip6', 'aliases'] as const;

function planHost(request: { mode: 'open' } & CreateOpen, context: CreateContext): AttachmentPlan {
  const excluded = excludedByHost.find((field) => request[field] !== undefined && request[field] !== false);
  if (excluded !== undefined) {
    throw new Failure('invalid_request', `"${excluded}" and host: true exclude each other`, {
      field: excluded,
      hint: "In the host's own namespace there is nothing to publish and no network to choose: leave it out.",
    });
  }
  allowHost(context.engine, 'host');
  refuseCapabilities(request.capabilities ?? [], 'host: true');
  return {
    attachment: { kind: 'host', dns: readNameServers(request.dns) },
    labNetwork: null,
    labels: {},
    warnings: ["It shares the host's own network namespace: what it listens on, the host listens on."],
  };
}

function planJoined(request: { mode: 'joined' } & CreateJoined, context: CreateContext): AttachmentPlan {
  const { target, container, engine } = context;
  if (target === null) {
    throw new Failure('container_not_found', `There is no container "${request.target}" to join`, { field: 'target' });
  }
  const plan = planJoin(target, request.capabilities ?? [], engine, container);
  return request.rejoin === 'auto' ? { ...plan, labels: { ...plan.labels, [label.rejoin]: 'auto' } } : plan;
}

/**
 * Joins `target`, whoever asks and how: also a container that is made anew because its target was replaced.
 *
 * @throws Failure naming the field
 */
export function planJoin(
  target: ContainerFacts,
  capabilities: readonly string[],
  engine: CreateContext['engine'],
  lookup: ContainerLookup,
): AttachmentPlan {
  if (!isAlive(target)) {
    throw new Failure('container_not_running', `The target "${target.name}" is not running (it is ${target.state})`, {
      field: 'target',
      hint: `Start it first: POST /api/v1/containers/${target.name}/start`,
    });
  }
  const chain = followJoins(target, lookup);
  const place = locateNamespace(target, chain, lookup);
  if (place.kind === 'host') allowHost(engine, 'target');
  // Where it cannot be known, it may be the host's.
  if (place.kind === 'host' || place.kind === 'unknown') {
    refuseCapabilities(capabilities, `the target "${target.name}"`);
  }
  const orphanReason = findOrphanReason(target, chain);
  return {
    attachment: { kind: 'joined', targetId: target.id },
    labNetwork: null,
    labels: { [label.target]: target.name, ...ownerLabel(target, chain.end) },
    warnings:
      orphanReason === null
        ? []
        : [
            `The target "${target.name}" is orphaned itself (${orphanReason}): rejoin it first, or both have no network.`,
          ],
  };
}

function ownerLabel(target: ContainerFacts, end: ReturnType<typeof followJoins>['end']): Record<string, string> {
  if (end.kind === 'owner') return { [label.namespaceOwner]: end.owner.id };
  if (end.kind === 'host') return { [label.namespaceOwner]: 'host' };
  const known = target.labels[label.managed] === 'true' ? target.labels[label.namespaceOwner] : undefined;
  return known === undefined ? {} : { [label.namespaceOwner]: known };
}

function allowHost(engine: CreateContext['engine'], field: string): void {
  if (engine.hostRefusal === null) return;
  throw new Failure(
    'forbidden',
    `The host's network namespace is not to be had on the engine ${engine.name}: ${engine.hostRefusal}`,
    {
      field,
      hint: 'Reach the engine over a socket or TLS, or allow it for this engine with insecure: true.',
    },
  );
}

function refuseCapabilities(capabilities: readonly string[], because: string): void {
  if (capabilities.length === 0) return;
  throw new Failure(
    'invalid_request',
    `${capabilities.join(' and ')} cannot be added with ${because}: in the host's namespace they would be rights over the host`,
    { field: 'capabilities', hint: "Leave capabilities out, or use a namespace that is not the host's." },
  );
}

function planOnNetwork(
  request: OnNetwork,
  ports: readonly PortBinding[],
  publishAll: boolean,
  context: CreateContext,
): AttachmentPlan {
  const labNetwork = request.network === undefined && request.lab !== undefined ? labNetworkName(request.lab) : null;
  const known = labNetwork === null ? findNetwork(request.network ?? 'bridge', context) : context.network(labNetwork);
  if (labNetwork !== null && known !== undefined) refuseForeignLabNetwork(known, request.lab ?? '');
  if (known !== undefined && isDefaultBridge(known)) refuseOnDefaultBridge(request);
  const warnings: string[] = [];
  if (labNetwork !== null && known === undefined) {
    warnings.push(`The lab's own network "${labNetwork}" does not exist yet and will be made.`);
  }
  if (known?.internal === true && (ports.length > 0 || publishAll)) {
    warnings.push(`The network "${known.name}" is internal: Docker publishes no ports there.`);
  }
  return {
    attachment: {
      kind: 'network',
      network: known?.name ?? labNetwork ?? 'bridge',
      ip: request.ip ?? null,
      ip6: request.ip6 ?? null,
      aliases: request.aliases ?? [],
      dns: request.dns === undefined && known !== undefined ? networkDns(known) : readNameServers(request.dns),
      ports,
      publishAll,
    },
    labNetwork,
    labels: {},
    warnings,
  };
}

function findNetwork(ref: string, context: CreateContext): NetworkFacts {
  const network = context.network(ref);
  if (network === undefined) {
    throw new Failure('network_not_found', `The engine ${context.engine.name} has no network "${ref}"`, {
      field: 'network',
      hint: 'Leave it out for the default bridge, or make the network first.',
    });
  }
  refuseUnusable(network, 'network');
  return network;
}

function refuseForeignLabNetwork(network: NetworkFacts, lab: string): void {
  if (network.labels[label.managed] === 'true' && network.labels[label.lab] === lab) return;
  throw new Failure('name_taken', `A network "${network.name}" exists and does not belong to the lab "${lab}"`, {
    field: 'lab',
    hint: 'Name the network to use with "network", or choose another lab.',
  });
}
