// The addresses of a request, moved to another subnet: what to ask for in place of what is in use.
import type { CreateNetwork } from '../../schemas/network.ts';
import { type Address, formatAddress, formatSubnet, parseAddress, parseSubnet, type Subnet } from '../subnet.ts';
import type { WantedSubnet } from './subnet-plan.ts';

type AddressField = 'bip' | 'subnet' | 'fixed-cidr' | 'fixed-cidr-v6' | 'default-gateway' | 'default-gateway-v6';

/** The fields of `request` that lie in `wanted`, each at the same place of `free`; of a `free` of another length only its bridge, or itself. */
export function moveSubnet(
  request: CreateNetwork,
  wanted: WantedSubnet,
  free: Subnet,
): Partial<Record<AddressField, string>> {
  const isBip = wanted.field === 'bip';
  if (free.prefix !== wanted.subnet.prefix) {
    const first = formatAddress({ family: free.family, value: free.base + 1n });
    return { [wanted.field]: isBip ? `${first}/${free.prefix}` : formatSubnet(free) };
  }
  const move = ({ family, value }: Address): Address => ({ family, value: value - wanted.subnet.base + free.base });
  const fields: AddressField[] =
    free.family === 'ipv4'
      ? ['bip', 'subnet', 'fixed-cidr', 'default-gateway']
      : ['fixed-cidr-v6', 'default-gateway-v6'];
  return Object.fromEntries(
    fields.flatMap((field) => {
      const text = request[field];
      if (text === undefined) return [];
      const parsed = parseSubnet(text);
      if (parsed !== null) {
        const { subnet, address } = parsed;
        const start = field === 'bip' ? address : { family: subnet.family, value: subnet.base };
        return [[field, `${formatAddress(move(start))}/${subnet.prefix}`]];
      }
      const address = parseAddress(text);
      return address === null ? [] : [[field, formatAddress(move(address))]];
    }),
  );
}
