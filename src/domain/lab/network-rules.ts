// The networks of a lab file: settings that go together, and subnets that leave each other alone.
import type { LabNetwork } from '../../schemas/lab.ts';
import { planNetwork } from '../network/network-planner.ts';
import {
  type Address,
  contains,
  formatAddress,
  formatSubnet,
  lastOf,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
} from '../subnet.ts';
import { dockerBridge } from './lab-identity.ts';
import type { Report } from './lab-rules.ts';

/** Names that Docker itself gives to something else. */
const reserved = [dockerBridge, 'host', 'none'];

export function findNetworkProblems(report: Report): void {
  const subnets: { readonly name: string; readonly subnet: Subnet }[] = [];
  for (const [name, spec] of Object.entries(report.file.networks ?? {})) {
    const path = ['networks', name];
    if (reserved.includes(name)) {
      report.atName(
        path,
        `"${name}" is a network of Docker's own`,
        'Choose another name; containers may name "bridge" without it being listed.',
      );
      continue;
    }
    if (spec === null) continue;
    const { external, ...settings } = spec;
    const [setting] = Object.keys(settings);
    if (external === true && setting !== undefined) {
      report.atName(
        [...path, setting],
        `An external network is as it is: "${setting}" cannot be chosen`,
        'Leave it out, or leave out external.',
      );
      continue;
    }
    report.translate(path, () =>
      planNetwork({ name: `lab-${name}`, ...settings }, { owner: '', creation: '', choosesIpv6: true }),
    );
    for (const { field, subnet } of readSubnets(spec).list) {
      const other = subnets.find((one) => overlaps(one.subnet, subnet));
      if (other !== undefined)
        report.at(
          [...path, field],
          `${formatSubnet(subnet)} overlaps with ${formatSubnet(other.subnet)} of the network "${other.name}"`,
          'Choose another subnet.',
        );
      subnets.push({ name, subnet });
    }
  }
}

/** What a network says of its addresses. */
export interface NetworkSubnets {
  readonly list: readonly {
    readonly field: 'bip' | 'subnet' | 'fixed-cidr' | 'fixed-cidr-v6';
    readonly subnet: Subnet;
  }[];
  /** Why a container cannot have this address on it; null where it can. */
  refuse(field: 'ip' | 'ip6', address: string): { readonly message: string; readonly hint: string } | null;
}

export function readSubnets(spec: LabNetwork): NetworkSubnets {
  const whole = (['bip', 'subnet', 'fixed-cidr'] as const).find((field) => spec[field] !== undefined);
  const fields = [...(whole === undefined ? [] : [whole]), 'fixed-cidr-v6' as const];
  const list = fields.flatMap((field) => {
    const parsed = spec[field] === undefined ? null : parseSubnet(spec[field]);
    return parsed === null ? [] : [{ field, subnet: parsed.subnet }];
  });
  const bridge = spec.bip === undefined ? undefined : parseSubnet(spec.bip)?.address;
  return {
    list,
    refuse(field, text) {
      const address = parseAddress(text);
      const family = field === 'ip' ? 'ipv4' : 'ipv6';
      const subnet = list.find((one) => one.subnet.family === family)?.subnet;
      if (subnet === undefined) {
        const own = spec.driver === 'overlay' ? 'subnet' : 'bip';
        const setting = family === 'ipv4' ? own : 'fixed-cidr-v6';
        return {
          message: `An address of its own choice needs a network that chooses its subnet`,
          hint: `Give the network a ${setting}, or leave ${field} out.`,
        };
      }
      if (address === null || !contains(subnet, address))
        return { message: `${text} does not lie in ${formatSubnet(subnet)}`, hint: 'Choose one that does.' };
      return refuseTaken(address, subnet, bridge);
    },
  };
}

function refuseTaken(
  address: Address,
  subnet: Subnet,
  bridge: Address | undefined,
): { message: string; hint: string } | null {
  const shown = formatAddress(address);
  const hint = 'Choose another one.';
  if (address.value === bridge?.value) return { message: `${shown} is the bridge's own address`, hint };
  if (address.value === subnet.base) return { message: `${shown} is the address of the network itself`, hint };
  if (subnet.family === 'ipv4' && address.value === lastOf(subnet).value)
    return { message: `${shown} is the broadcast address`, hint };
  return null;
}
