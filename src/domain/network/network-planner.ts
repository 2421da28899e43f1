// From a request in daemon.json's names to the exact body that the engine gets. Pure: what depends on the engine is given; whether the subnets are
// free is another question (overlap.ts).
import { Failure } from '../../schemas/failure.ts';
import type { CreateNetwork } from '../../schemas/network.ts';
import { label } from '../labels.ts';
import { readNameServers } from '../name-servers.ts';
import { readUserLabels } from '../user-labels.ts';
import { dnsLabel } from './network-dns.ts';
import { networkOption, overlayMtuOption } from './network-options.ts';
import type { NetworkSpec } from './network-spec.ts';
import { planIpv4, planIpv6, type WantedSubnet } from './subnet-plan.ts';

/** What the engine and the server know that the request does not say. */
export interface NetworkContext {
  readonly owner: string;
  /** Random: see the label. */
  readonly creation: string;
  /** Labels of ours beside those that every network gets. */
  readonly marks?: Readonly<Record<string, string>>;
  /** Does the engine find an IPv6 subnet by itself? */
  readonly choosesIpv6: boolean;
}

export interface NetworkPlan {
  readonly spec: NetworkSpec;
  /** Those that were asked for. They have to be free. */
  readonly wanted: readonly WantedSubnet[];
  readonly warnings: readonly string[];
}

/** @throws Failure naming the field */
export function planNetwork(request: CreateNetwork, context: NetworkContext): NetworkPlan {
  const driver = request.driver ?? 'bridge';
  refuseReservedName(request.name);
  if (driver === 'overlay') refuseOnOverlay(request);
  else refuseOnBridge(request);
  const warnings: string[] = [];
  const ipv4 = planIpv4(request);
  const ipv6 = readIpv6(request, context, warnings);
  const wanted = [ipv4, ipv6].filter((one) => one !== null);
  for (const { field, room } of wanted) {
    if (room === 0n) warnings.push(`${field} leaves no address for a container.`);
  }
  return {
    spec: {
      name: request.name,
      driver,
      labels: {
        ...readUserLabels(request.labels),
        ...context.marks,
        [label.managed]: 'true',
        [label.owner]: context.owner,
        [label.creation]: context.creation,
        ...(request.lab !== undefined && { [label.lab]: request.lab }),
        ...dnsLabel(readNameServers(request.dns)),
      },
      options: { ...readOptions(request, warnings), ...(driver === 'overlay' && readOverlayOptions(request)) },
      internal: request.internal ?? false,
      attachable: driver === 'overlay',
      ipv6: request.ipv6 ?? false,
      subnets: wanted.map(({ spec }) => spec),
    },
    wanted,
    warnings,
  };
}

/** Docker means something else by it, whatever networks there are. */
function refuseReservedName(name: string): void {
  if (name !== 'default') return;
  throw new Failure('invalid_request', 'The name "default" is reserved: Docker means its default bridge by it', {
    field: 'name',
    hint: 'Choose another name.',
  });
}

const bridgeFields = ['default-gateway', 'ipv6', 'fixed-cidr-v6', 'default-gateway-v6', 'icc', 'ip-masq'] as const;

function refuseOnOverlay(request: CreateNetwork): void {
  const field = bridgeFields.find((name) => request[name] !== undefined);
  if (field !== undefined) {
    throw new Failure('invalid_request', `An overlay network takes no "${field}": it is a setting of bridges`, {
      field,
      hint: 'Leave it out, or make a bridge.',
    });
  }
  if (request.attachable === false) {
    throw new Failure(
      'invalid_request',
      'An overlay that is not attachable is for services only: no container could be on it',
      {
        field: 'attachable',
        hint: 'Leave it out, or say true.',
      },
    );
  }
}

const overlayFields = ['attachable', 'encrypted', 'subnet'] as const;

function refuseOnBridge(request: CreateNetwork): void {
  const field = overlayFields.find((name) => request[name] !== undefined);
  if (field === undefined) return;
  throw new Failure('invalid_request', `A bridge takes no "${field}": it is a setting of overlays`, {
    field,
    hint:
      field === 'subnet'
        ? 'The subnet of a bridge is that of bip: its own address, with the prefix length.'
        : 'Leave it out, or make an overlay (driver: "overlay").',
  });
}

function readIpv6(request: CreateNetwork, { choosesIpv6 }: NetworkContext, warnings: string[]): WantedSubnet | null {
  const planned = planIpv6(request);
  if (request.ipv6 !== true) {
    // dockerd starts with it, too, and there is no IPv6.
    if (planned !== null) warnings.push('fixed-cidr-v6 has no effect without ipv6: true.');
    return null;
  }
  if (planned === null && !choosesIpv6) {
    throw new Failure('invalid_request', 'The engine finds no IPv6 subnet by itself, and no fixed-cidr-v6 names one', {
      field: 'fixed-cidr-v6',
      hint: 'Give one, such as "fd00:20::/64".',
    });
  }
  return planned;
}

const minimumMtu = { ipv4: 68, ipv6: 1280 } as const;
const largestMtu = 65_535;

function readOptions(request: CreateNetwork, warnings: string[]): Record<string, string> {
  const { mtu, icc, internal = false, driver = 'bridge' } = request;
  const masquerade = request['ip-masq'];
  if (mtu !== undefined && mtu !== 0) {
    const minimum = request.ipv6 === true ? minimumMtu.ipv6 : minimumMtu.ipv4;
    if (mtu < minimum) {
      const why = request.ipv6 === true ? 'IPv6 needs' : 'the kernel takes';
      throw new Failure('invalid_request', `An mtu of ${mtu} is too small: ${why} ${minimum} at least`, {
        field: 'mtu',
        hint: `Give ${minimum} to 65535, or 0 for the default.`,
      });
    }
  }
  if (mtu === 0) warnings.push('mtu: 0 means the default.');
  if (internal && masquerade !== undefined) warnings.push('ip-masq has no effect: nothing leaves an internal network.');
  return {
    ...(mtu !== undefined && mtu !== 0 && driver === 'bridge' && { [networkOption.mtu]: String(mtu) }),
    ...(icc !== undefined && { [networkOption.icc]: String(icc) }),
    ...(masquerade !== undefined && { [networkOption.masquerade]: String(masquerade) }),
  };
}

/** The driver is told the MTU of what carries it; ours is that of the interfaces, as of a bridge. */
function readOverlayOptions({ mtu = 0, encrypted = false }: CreateNetwork): Record<string, string> {
  if (mtu !== 0 && encrypted && mtu % 4 !== 0) {
    throw new Failure(
      'invalid_request',
      `An mtu of ${mtu} cannot be had where it is encrypted: ESP carries words of four bytes`,
      {
        field: 'mtu',
        hint: `Give ${mtu - (mtu % 4)}.`,
      },
    );
  }
  const option = overlayMtuOption(mtu, encrypted);
  if (option > largestMtu) {
    throw new Failure(
      'invalid_request',
      `An mtu of ${mtu} is too large: with what an overlay adds it would be ${option}`,
      {
        field: 'mtu',
        hint: `Give ${mtu - (option - largestMtu)} at most.`,
      },
    );
  }
  return {
    ...(mtu !== 0 && { [networkOption.mtu]: String(option) }),
    ...(encrypted && { [networkOption.encrypted]: 'true' }),
  };
}
