// Labs for property tests: all modes, joins and waits across them, ports, subnets and addresses from small pools, so that two labs have much in
// common and much between them in the way of each other.

import type { LabContainer, LabFile, LabNetwork } from '../../src/schemas/lab.ts';
import fc from './fast-check.ts';

const netNames = ['n0', 'n1', 'n2'];
const names = ['a', 'b', 'c', 'd', 'e', 'f'];

interface Draft {
  readonly mode: 'closed' | 'bridged' | 'joined' | 'open' | 'host';
  readonly there: boolean;
  readonly rank: number;
  readonly variant: number;
  readonly network: number;
  readonly needs: readonly number[];
  readonly ready: boolean;
  readonly port: number;
  readonly address: number;
}

const draft: fc.Arbitrary<Draft> = fc.record({
  mode: fc.constantFrom('closed', 'bridged', 'bridged', 'joined', 'joined', 'open', 'open', 'host'),
  there: fc.boolean(),
  rank: fc.nat(100),
  variant: fc.nat(1),
  network: fc.nat(4),
  needs: fc.array(fc.nat(5), { maxLength: 2 }),
  ready: fc.boolean(),
  port: fc.nat(5),
  address: fc.nat(5),
});

const network = fc.record({ there: fc.boolean(), bip: fc.nat(4), variant: fc.nat(1) });

/** A lab file that the rules take. */
export const labFile: fc.Arbitrary<LabFile> = fc
  .tuple(fc.array(draft, { minLength: 6, maxLength: 6 }), fc.array(network, { minLength: 3, maxLength: 3 }))
  .map(([drafts, nets]) => compose(drafts, nets));

function compose(drafts: readonly Draft[], nets: readonly { there: boolean; bip: number; variant: number }[]): LabFile {
  const networks: Record<string, LabNetwork | null> = {};
  const subnets = new Set<number>();
  for (const [index, { there, bip, variant }] of nets.entries()) {
    if (!there) continue;
    const chosen = bip > 1 && !subnets.has(bip);
    if (chosen) subnets.add(bip);
    networks[netNames[index] ?? ''] =
      chosen || variant === 1
        ? { ...(chosen && { bip: `10.8.${bip}.1/24` }), ...(variant === 1 && { internal: true }) }
        : null;
  }
  const present = drafts
    .map((one, index) => ({ ...one, name: names[index] ?? '' }))
    .filter(({ there }, index) => there || index === 0);
  // Who has the lower rank can be needed by who has the higher: never a circle.
  const order = [...present].sort((one, other) => one.rank - other.rank || (one.name < other.name ? -1 : 1));
  const ports = new Set<number>();
  const addresses = new Set<string>();
  const containers: Record<string, LabContainer> = {};
  const checks: NonNullable<LabFile['checks']> = {};
  for (const one of present) {
    const earlier = order.slice(0, order.indexOf(one));
    const needs = [...new Set(one.needs.flatMap((index) => earlier[index % Math.max(1, earlier.length)]?.name ?? []))];
    const common = {
      ...(one.variant === 1 && { env: { V: '1' } }),
      ...(needs.length > 0 && { after: needs }),
      ...(one.ready && { ready: [`up-${one.name}`] }),
    };
    if (one.ready) checks[`up-${one.name}`] = { container: one.name, interfaces: ['lo'] };
    const place = placeOf(one, networks, addresses);
    const target = earlier[one.network % Math.max(1, earlier.length)]?.name;
    if (one.mode === 'joined' && target !== undefined) containers[one.name] = { mode: 'joined', target, ...common };
    else if (one.mode === 'bridged') containers[one.name] = { mode: 'bridged', ...place, ...common };
    else if (one.mode === 'host') containers[one.name] = { mode: 'open', host: true, ...common };
    else if (one.mode === 'open') {
      const isFixed = one.port > 1 && !ports.has(one.port);
      if (isFixed) ports.add(one.port);
      containers[one.name] = { mode: 'open', ports: [isFixed ? `${8_000 + one.port}:80` : 80], ...place, ...common };
    } else containers[one.name] = { mode: 'closed', ...common };
  }
  return { networks, containers, checks };
}

function placeOf(
  { network: index, address }: Draft,
  networks: Readonly<Record<string, LabNetwork | null>>,
  addresses: Set<string>,
): { network?: string; ip?: string } {
  const name = netNames[index];
  if (name === undefined || !Object.hasOwn(networks, name)) return {};
  const bip = networks[name]?.bip;
  // High ones: what is free is taken from below.
  const ip = bip?.replace(/1\/24$/, String(100 + address));
  if (ip === undefined || address > 2 || addresses.has(ip)) return { network: name };
  addresses.add(ip);
  return { network: name, ip };
}
