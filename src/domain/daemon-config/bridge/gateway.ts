// `default-gateway` and `default-gateway-v6`: an address of docker0's subnet that is kept from containers, and told to them as their way out.
import { type Address, bitsOf, contains, parseAddress } from '../../subnet.ts';
import type { Findings } from '../findings.ts';
import { type Cidr, formatAddress, formatSubnet } from '../go/cidr.ts';
import type { Mend } from '../mending.ts';
import type { AddressPool } from './address-pool.ts';
import { creating, refuse } from './words.ts';

/** The address of `default-gateway(-v6)`; undefined where there is none, null where it is refused. */
export function takeGateway(
  key: 'default-gateway' | 'default-gateway-v6',
  name: string,
  spelt: string | undefined,
  pool: AddressPool,
  bridge: Cidr,
  cause: string | null,
  findings: Findings,
): Address | undefined | null {
  const address = spelt === undefined ? null : parseAddress(spelt);
  if (address === null) return undefined;
  const written = formatAddress(address);
  const subnet = formatSubnet(pool.subnet);
  if (!contains(pool.subnet, address)) {
    const why =
      cause === null
        ? 'which the docker0 that is there has'
        : cause === 'default-address-pools'
          ? 'which docker0 gets by itself'
          : `which "${cause}" gives it`;
    return refuse(
      findings,
      `${creating}auxiliary address: (${name}:${written}) must belong to the master pool: ${subnet}`,
      key,
      'gateway_outside_subnet',
      `"${key}" ${written} does not lie in docker0's subnet ${subnet}, ${why}: containers could not reach it`,
      `Write an address of ${subnet} other than docker0's own ${formatAddress(bridge.address)}, or remove "${key}": the gateway is then docker0 itself`,
      [...mendGateway(key, pool, bridge), { kind: 'remove', key }],
    );
  }
  const taken = pool.take(address);
  if ('address' in taken) return taken.address;
  const isBridge = address.value === bridge.address.value;
  return refuse(
    findings,
    `${creating}failed to allocate secondary ip address (${name}:${written}): ${taken.says}`,
    key,
    'address_reserved',
    isBridge
      ? `"${key}" is ${written}, docker0's own address`
      : `"${key}" is ${written}, which in ${subnet} cannot be a host's: ${taken.says}`,
    isBridge ? `Remove "${key}": the gateway is docker0 itself anyway` : `Write another address of ${subnet}`,
    [...(isBridge ? [] : mendGateway(key, pool, bridge)), { kind: 'remove', key }],
  );
}

/** The first address of the subnet that is not docker0's. */
function mendGateway(key: string, { subnet: { family, base, prefix } }: AddressPool, bridge: Cidr): Mend[] {
  if (prefix > bitsOf(family) - 2) return [];
  const first = base + 1n;
  const value = bridge.address.value === first ? first + 1n : first;
  return [{ kind: 'set', key, value: JSON.stringify(formatAddress({ family, value })) }];
}
