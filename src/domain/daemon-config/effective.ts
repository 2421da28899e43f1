// What a running engine has of the settings of daemon.json: docker0 as it is, where the engine listens, and what of that is dangerous. Pure: others looked.
import type { DaemonConfigProblem, EngineDaemonConfig, EngineEndpoint } from '../../schemas/daemon-config.ts';
import type { NetworkFacts } from '../container/facts.ts';
import { classifyHost } from './hosts.ts';
import { tlsAdvice } from './listeners.ts';

/** A port of the host on which an engine may listen. */
export interface Listener {
  readonly address: string;
  readonly port: number;
}

/** Docker's ports: plain, and with TLS. */
export const enginePorts: readonly number[] = [2375, 2376];

/** docker0 as the engine and the host show it. `addresses` are those of the interface; null where nobody could look. */
export function describeBridge(
  network: NetworkFacts | undefined,
  addresses: readonly string[] | null,
): Pick<EngineDaemonConfig, 'bridge' | 'bridgeV6' | 'defaultRoute' | 'effective'> {
  if (network === undefined) return { bridge: null, bridgeV6: null, defaultRoute: null, effective: { bridge: 'none' } };
  const option = (name: string) => network.options[`com.docker.network.${name}`];
  const isIpv6 = (subnet: string) => subnet.includes(':');
  const ipv4 = network.subnets.find(({ subnet }) => !isIpv6(subnet));
  const ipv6 = network.ipv6 ? network.subnets.find(({ subnet }) => isIpv6(subnet)) : undefined;
  const address = findAddress(ipv4, addresses);
  const address6 = findAddress(ipv6, addresses);
  const mtu = Number(option('driver.mtu') ?? 1500) || 1500;
  const gateway = ipv4?.auxiliary.DefaultGatewayIPv4;
  const gateway6 = ipv6?.auxiliary.DefaultGatewayIPv6;
  const host = (cidr: string | null) => cidr?.split('/')[0] ?? null;
  const name = option('bridge.name') ?? 'docker0';
  const effective: Record<string, string | number | boolean | undefined> = {
    // The two exclude each other; a bridge of another name brings its own address.
    ...(name === 'docker0' ? { bip: address ?? undefined } : { bridge: name }),
    'fixed-cidr': ipv4?.ipRange || undefined,
    'default-gateway': gateway,
    mtu,
    ipv6: network.ipv6,
    'fixed-cidr-v6': ipv6?.subnet,
    'default-gateway-v6': gateway6,
    icc: option('bridge.enable_icc') !== 'false',
    'ip-masq': option('bridge.enable_ip_masquerade') !== 'false',
    ip: option('bridge.host_binding_ipv4'),
  };
  return {
    bridge: {
      address,
      subnet: ipv4?.subnet ?? null,
      ipRange: ipv4?.ipRange || null,
      gateway: ipv4?.gateway || host(address),
      mtu,
      ipv6: network.ipv6,
    },
    bridgeV6: ipv6 === undefined || address6 === null ? null : { address: address6, subnet: ipv6.subnet },
    defaultRoute: { ipv4: gateway ?? host(address), ipv6: gateway6 ?? host(address6) },
    effective: Object.fromEntries(
      Object.entries(effective).filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined),
    ),
  };
}

/** The address of the interface in a subnet; where nobody could look, the gateway that the engine tells. */
function findAddress(
  subnet: NetworkFacts['subnets'][number] | undefined,
  addresses: readonly string[] | null,
): string | null {
  if (subnet === undefined) return null;
  const prefix = subnet.subnet.slice(subnet.subnet.indexOf('/'));
  const told = subnet.gateway === '' ? null : subnet.gateway + prefix;
  if (told !== null) return told;
  return (
    addresses?.find((address) => address.includes(':') === subnet.subnet.includes(':') && address.endsWith(prefix)) ??
    null
  );
}

/** The dangers of where an engine answers, worst first. */
export function findDangers(endpoints: readonly EngineEndpoint[]): DaemonConfigProblem[] {
  const open = endpoints.filter(({ answers, address }) => answers === 'everybody' && address.startsWith('tcp:'));
  const warn = (code: DaemonConfigProblem['code'], message: string): DaemonConfigProblem => ({
    severity: 'warning',
    key: 'hosts',
    code,
    message,
    fix: tlsAdvice,
    place: null,
    mends: [],
    says: null,
  });
  const toNetwork = open.filter(({ address }) => classifyHost(hostOf(address)) !== 'loopback');
  const toContainers = endpoints.filter(({ answersContainers }) => answersContainers === true);
  const toHost = open.filter((endpoint) => !toNetwork.includes(endpoint));
  return [
    ...toContainers.map(({ address }) =>
      warn(
        'open_to_containers',
        `A container on the default bridge asked the engine at ${address}, through the bridge's own address, and it answered without asking who it is: every container is root on this host`,
      ),
    ),
    ...toNetwork.map(({ address }) =>
      warn(
        'open_to_the_network',
        `The engine answers at ${address} without asking who it is: whoever reaches that port is root on this host`,
      ),
    ),
    ...toHost.map(({ address }) =>
      warn(
        'unauthenticated_tcp',
        `The engine answers at ${address} without asking who it is: every user and program of this host is root there, and so is every container in host mode`,
      ),
    ),
  ];
}

/** `tcp://[::]:2375` → `::`. */
function hostOf(address: string): string {
  return address
    .replace(/^tcp:\/\//, '')
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
}

/** `tcp://0.0.0.0:2375`. */
export function spellListener({ address, port }: Listener): string {
  return `tcp://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
