// What dockerd makes of docker0 at its start (initBridgeDriver, libnetwork's IPAM and bridge driver), step by step in its order.
import type { BridgeSettings, DaemonConfigVerdict } from '../../../schemas/daemon-config.ts';
import type { Findings } from '../findings.ts';
import { formatAddress, formatCidr, formatSubnet } from '../go/cidr.ts';
import type { Reading } from '../reading.ts';
import { ownPools, readPools } from './address-pools.ts';
import { checkDevice, checkIpv4Address, checkIpv6Address, effectiveMtu } from './device.ts';
import { type ExistingBridge, keepExisting } from './existing.ts';
import { planIpv4, readIpv4, refuseWholeSpace } from './ipv4.ts';
import { planIpv6, remarkUselessIpv6, requireIpv6Subnet, shownAddress } from './ipv6.ts';
import { controller, refuse } from './words.ts';

/** docker0 as it results. */
export type BridgeOutcome = Pick<DaemonConfigVerdict, 'bridge' | 'bridgeV6' | 'defaultRoute'>;

/** Where there is none. */
export const noBridge: BridgeOutcome = { bridge: null, bridgeV6: null, defaultRoute: null };

/** Works out docker0; with errors in `findings` there is none. */
export function planDefaultBridge(
  reading: Reading,
  existing: ExistingBridge | null,
  findings: Findings,
): BridgeOutcome {
  const { values } = reading;
  if (reading.switches.ip6tables && !reading.switches.iptables)
    refuse(
      findings,
      `${controller}error obtaining controller instance: failed to register "bridge" driver: cannot create new chains, EnableIPTable is disabled`,
      'ip6tables',
      'conflicting_keys',
      '"ip6tables": true is not possible with "iptables": false',
      'Set both to true, or remove "ip6tables"',
      [{ kind: 'remove', key: 'ip6tables' }],
    );
  const pools = readPools(values['default-address-pools'], findings);
  if (values.bridge === 'none') {
    remarkNoBridge(reading, existing, findings);
    return noBridge;
  }
  remarkUselessIpv6(reading, findings);
  const kept = keepExisting(reading, existing, pools !== null, findings);
  const written = readIpv4(reading, kept, findings);
  requireIpv6Subnet(reading, findings);
  const plan = written === null ? null : planIpv4(reading, written, kept, pools ?? ownPools, findings);
  const ipv6 = plan === null ? null : planIpv6(reading, plan.bridge.subnet, kept, findings);
  if (plan === null) return noBridge;
  refuseWholeSpace(plan, findings);
  checkDevice(reading, findings);
  checkIpv4Address(plan.bridge, reading, kept, findings);
  if (ipv6 !== null) checkIpv6Address(ipv6.bridge, reading, findings);
  if (findings.hasErrors) return noBridge;
  const gateway = plan.configuredGateway ?? plan.bridge.address;
  const bridge: BridgeSettings = {
    // With IPv6 switched on dockerd removes every address of IPv6 that it did not plan for, this one too.
    address: plan.bridge.subnet.family === 'ipv6' && ipv6 !== null ? null : formatCidr(plan.bridge),
    subnet: formatSubnet(plan.bridge.subnet),
    ipRange: plan.range === undefined ? null : formatSubnet(plan.range),
    gateway: formatAddress(gateway),
    mtu: effectiveMtu(values.mtu),
    ipv6: reading.switches.ipv6,
  };
  return {
    bridge,
    bridgeV6:
      ipv6 === null
        ? null
        : { address: formatCidr(shownAddress(ipv6.bridge, kept)), subnet: formatSubnet(ipv6.bridge.subnet) },
    defaultRoute: {
      ipv4: formatAddress(plan.defaultGateway ?? plan.bridge.address),
      ipv6: ipv6 === null ? null : formatAddress(ipv6.defaultGateway ?? ipv6.bridge.address),
    },
  };
}

function remarkNoBridge({ values }: Reading, existing: ExistingBridge | null, findings: Findings): void {
  findings.info({
    key: 'bridge',
    code: 'bridge_removed',
    message: `With "bridge": "none" there is no default bridge${existing === null ? '' : ', and dockerd deletes the docker0 that is there'}: containers need --network`,
    fix: 'Remove the key to have docker0',
    mends: [{ kind: 'remove', key: 'bridge' }],
  });
  const useless = (['fixed-cidr', 'fixed-cidr-v6', 'default-gateway', 'default-gateway-v6', 'mtu'] as const).filter(
    (key) => values[key] !== undefined,
  );
  for (const key of useless)
    findings.warning({
      key,
      code: 'no_effect',
      message: `"${key}" is about docker0, and "bridge": "none" leaves none`,
      fix: 'Remove one of them',
      mends: [
        { kind: 'remove', key },
        { kind: 'remove', key: 'bridge' },
      ],
    });
}
