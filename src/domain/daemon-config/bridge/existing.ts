// The docker0 that is there before dockerd starts: what of it stays, and what is said about that.
import { contains, type Subnet } from '../../subnet.ts';
import type { Findings } from '../findings.ts';
import { type Cidr, formatCidr, hostPart, parseCidr } from '../go/cidr.ts';
import type { Reading } from '../reading.ts';

/** A docker0 that is there before dockerd starts. */
export interface ExistingBridge {
  /** `172.17.0.1/16`, of both families, in the order of `ip address`. */
  readonly addresses: readonly string[];
  /** Did this engine make it: is its data still there? Then it may make it anew. */
  readonly isOwn: boolean;
}

/** What dockerd finds on the interface that it looks at. */
export interface Kept {
  readonly isThere: boolean;
  readonly ipv4: readonly Cidr[];
  readonly ipv6: readonly Cidr[];
}

/** What of it dockerd keeps. */
export function keepExisting(
  { values, switches }: Reading,
  existing: ExistingBridge | null,
  hasPools: boolean,
  findings: Findings,
): Kept {
  const name = values.bridge || 'docker0';
  // The one other interface that every host has; that it is no bridge is found later.
  if (name === 'lo') return { isThere: true, ipv4: readCidrs(['127.0.0.1/8']), ipv6: [] };
  if (existing === null || name !== 'docker0') return { isThere: false, ipv4: [], ipv6: [] };
  if (hasPools && existing.isOwn && !switches['live-restore']) {
    findings.info({
      key: 'default-address-pools',
      code: 'bridge_removed',
      message: 'With "default-address-pools" dockerd removes the docker0 that it made before, and makes a new one',
      fix: 'Expect other addresses on docker0 after the start',
    });
    return { isThere: false, ipv4: [], ipv6: [] };
  }
  const read = readCidrs(existing.addresses);
  return {
    isThere: true,
    ipv4: read.filter(({ subnet }) => subnet.family === 'ipv4'),
    ipv6: read.filter(({ subnet }) => subnet.family === 'ipv6'),
  };
}

function readCidrs(addresses: readonly string[]): Cidr[] {
  return addresses.map((address) => parseCidr(address)).filter((cidr) => cidr !== null);
}

/** Of several old addresses that in the fixed range, else the first. */
export function chooseOld(addresses: readonly Cidr[], range: Cidr | null | undefined): Cidr | undefined {
  const fitting =
    addresses.length > 1 && range ? addresses.find(({ address }) => contains(range.subnet, address)) : undefined;
  return fitting ?? addresses[0];
}

/** Go asks whether the host part, as an address of its own, is an ordinary one. */
export function isUsableHost({ address, subnet }: Cidr): boolean {
  const host = hostPart(address, subnet.prefix);
  const [first, second] = [host >> 24n, (host >> 16n) & 0xffn];
  const isOdd = host === 0n || host === 0xffffffffn || first === 127n || (first >= 224n && first < 240n);
  return !isOdd && !(first === 169n && second === 254n);
}

/** Says that it keeps its address, or gets another. */
export function remarkOld(
  own: Cidr | undefined,
  old: Cidr | undefined,
  range: Subnet | undefined,
  kept: Kept,
  findings: Findings,
): void {
  if (old === undefined) return;
  if (own === undefined) {
    findings.info({
      key: range === undefined ? null : 'fixed-cidr',
      code: 'existing_bridge_kept',
      message: `docker0 is there already, with ${formatCidr(old)}: without "bip" it keeps its address${range === undefined ? '' : ', whatever "fixed-cidr" says'}`,
      fix: 'Write "bip", or delete the interface first: ip link delete docker0',
    });
    return;
  }
  if (formatCidr(own) !== formatCidr(old) || kept.ipv4.length > 1)
    findings.info({
      key: 'bip',
      code: 'bridge_readdressed',
      message: `docker0 is there already, with ${kept.ipv4.map(formatCidr).join(' and ')}: it gets ${formatCidr(own)} instead`,
      fix: 'Expect containers that run on it to lose their network',
    });
}
