// Every key that dockerd 26.1 reads from daemon.json, its type, and where Go finds it; and every key that it accepts and then reads nothing from, because
// only the command line has it under that name.
import { builder } from './builder-settings.ts';
import { parseByteSize } from './go/sizes.ts';
import {
  anything,
  type Fields,
  flag,
  type GoType,
  int,
  int64,
  ip,
  list,
  map,
  namedText,
  optional,
  type Read,
  spell,
  struct,
  text,
  uint32,
} from './go/types.ts';

const addressPool = struct('ipamutils.NetworkToSplit', { base: text, size: int });

/** A slice that reads itself: what does not fit in it ends the reading, and is told as if it were a member of the whole. */
const addressPools: GoType<(Fields<{ base: typeof text; size: typeof int }> | undefined)[]> = {
  name: '[]*ipamutils.NetworkToSplit',
  read: (value, place, refuse, previous) =>
    list(optional(addressPool), '[]*ipamutils.NetworkToSplit').read(
      value,
      place,
      ({ says }) =>
        refuse({ hard: true, says: says.replace('struct field NetworkToSplit.', `struct field ${place.struct}.`) }),
      previous,
    ),
};

/** A size that reads itself, also a null. */
const memoryBytes: GoType<bigint> = {
  name: 'opts.MemBytes',
  read(value, _place, refuse) {
    if (value.kind !== 'string' || value.raw.length <= 2) {
      refuse({ hard: true, says: `invalid size: ${JSON.stringify(spell(value))}` });
      return undefined;
    }
    const bytes = parseByteSize(value.raw.slice(1, -1));
    if (typeof bytes === 'bigint') return bytes;
    refuse({ hard: true, says: bytes.says });
    return undefined;
  },
};

const runtime = struct('system.Runtime', {
  path: text,
  runtimeArgs: list(text),
  runtimeType: text,
  options: map(anything),
});
const ulimit = struct('units.Ulimit', { Name: text, Hard: int64, Soft: int64 });
const proxies = struct('config.Proxies', { 'http-proxy': text, 'https-proxy': text, 'no-proxy': text });

const common = 'CommonConfig.';
const bridge = `${common}BridgeConfig.`;
const defaultBridge = `${bridge}DefaultBridgeConfig.`;
const commonBridge = `${defaultBridge}commonBridgeConfig.`;
const network = `${common}NetworkConfig.`;
const names = `${common}DNSConfig.`;
const logging = `${common}LogConfig.`;
const tls = `${common}TLSOptions.`;
const registry = `${common}ServiceOptions.`;

/** Where in Go's struct a key lies, and its type. */
function at<Type extends GoType<unknown>>(where: string, type: Type): { where: string; type: Type } {
  return { where, type };
}

/** The keys that have a field. */
export const settings = {
  'allow-nondistributable-artifacts': at(registry, list(text)),
  'api-cors-header': at(common, text),
  'authorization-plugins': at(common, list(text)),
  bip: at(defaultBridge, text),
  bridge: at(commonBridge, text),
  builder: at(common, builder),
  'cdi-spec-dirs': at(common, list(text)),
  'cgroup-parent': at('', text),
  containerd: at(common, text),
  'containerd-namespace': at(common, text),
  'containerd-plugin-namespace': at(common, text),
  'cpu-rt-period': at('', int64),
  'cpu-rt-runtime': at('', int64),
  'cri-containerd': at(common, flag),
  'data-root': at(common, text),
  debug: at(common, flag),
  'default-address-pools': at(network, addressPools),
  'default-cgroupns-mode': at('', text),
  'default-gateway': at(defaultBridge, ip),
  'default-gateway-v6': at(defaultBridge, ip),
  'default-init': at('', text),
  'default-ipc-mode': at('', text),
  'default-network-opts': at(network, map(map(text))),
  'default-runtime': at(common, text),
  'default-shm-size': at('', memoryBytes),
  'default-ulimits': at('', map(optional(ulimit), 'map[string]*units.Ulimit')),
  dns: at(names, list(ip)),
  'dns-opts': at(names, list(text)),
  'dns-search': at(names, list(text)),
  'exec-opts': at(common, list(text)),
  'exec-root': at(common, text),
  experimental: at(common, flag),
  features: at(common, map(flag)),
  'fixed-cidr': at(commonBridge, text),
  'fixed-cidr-v6': at(defaultBridge, text),
  group: at(common, text),
  'host-gateway-ip': at(names, ip),
  hosts: at(common, list(text)),
  icc: at(defaultBridge, flag),
  init: at('', flag),
  'init-path': at('', text),
  'insecure-registries': at(registry, list(text)),
  ip: at(defaultBridge, ip),
  'ip-forward': at(bridge, flag),
  'ip-masq': at(bridge, flag),
  ip6tables: at(bridge, flag),
  iptables: at(bridge, flag),
  ipv6: at(defaultBridge, flag),
  labels: at(common, list(text)),
  'live-restore': at(common, flag),
  'log-driver': at(logging, text),
  'log-format': at(common, namedText('log.OutputFormat')),
  'log-level': at(common, text),
  'log-opts': at(logging, map(text)),
  'max-concurrent-downloads': at(common, int),
  'max-concurrent-uploads': at(common, int),
  'max-download-attempts': at(common, int),
  'metrics-addr': at(common, text),
  mtu: at(defaultBridge, int),
  'network-control-plane-mtu': at(network, int),
  'network-diagnostic-port': at(common, int),
  'no-new-privileges': at('', flag),
  'node-generic-resources': at(common, list(text)),
  pidfile: at(common, text),
  proxies: at(common, proxies),
  'raw-logs': at(common, flag),
  'registry-mirrors': at(registry, list(text)),
  'resolv-conf': at('', text),
  rootless: at('', flag),
  runtimes: at('', map(runtime)),
  'seccomp-profile': at('', text),
  'selinux-enabled': at('', flag),
  'shutdown-timeout': at(common, int),
  'storage-driver': at(common, text),
  'storage-opts': at(common, list(text)),
  'swarm-default-advertise-addr': at(common, text),
  'swarm-raft-election-tick': at(common, uint32),
  'swarm-raft-heartbeat-tick': at(common, uint32),
  tls: at(common, optional(flag)),
  tlscacert: at(tls, text),
  tlscert: at(tls, text),
  tlskey: at(tls, text),
  tlsverify: at(common, optional(flag)),
  'userland-proxy': at(bridge, flag),
  'userland-proxy-path': at(bridge, text),
  'userns-remap': at('', text),
} as const;

export type Key = keyof typeof settings;

/** What a file says, key by key; undefined where it says nothing, or what Go takes for nothing. */
export type Values = { [K in Key]?: Read<(typeof settings)[K]['type']> };

/** Keys with a field, which the command line knows under another name or not at all: dockerd refuses them as unknown. */
const withoutFlag: ReadonlySet<string> = new Set<Key>([
  'containerd-plugin-namespace',
  'default-init',
  'resolv-conf',
  'swarm-raft-election-tick',
  'swarm-raft-heartbeat-tick',
  'proxies',
]);

/** Names of the command line that dockerd accepts in the file, and reads nothing from; each with the key that is meant, where there is one. */
export const flagOnly: Readonly<Record<string, string | null>> = {
  'add-runtime': 'runtimes',
  'authorization-plugin': 'authorization-plugins',
  'cdi-spec-dir': 'cdi-spec-dirs',
  'config-file': null,
  'containerd-plugins-namespace': null,
  'default-address-pool': 'default-address-pools',
  'default-network-opt': 'default-network-opts',
  'default-ulimit': 'default-ulimits',
  'deprecated-key-path': null,
  'dns-opt': 'dns-opts',
  'exec-opt': 'exec-opts',
  help: null,
  host: 'hosts',
  'http-proxy': 'proxies',
  'https-proxy': 'proxies',
  'insecure-registry': 'insecure-registries',
  label: 'labels',
  'log-opt': 'log-opts',
  'no-proxy': 'proxies',
  'node-generic-resource': 'node-generic-resources',
  'registry-mirror': 'registry-mirrors',
  restart: null,
  'storage-opt': 'storage-opts',
  validate: null,
  version: null,
};

/** Objects under these keys are values; the members of any other object are taken for keys of the file. */
export const flatKeys: ReadonlySet<string> = new Set([
  'cluster-store-opts',
  'default-network-opts',
  'log-opts',
  'runtimes',
  'default-ulimits',
  'features',
  'builder',
]);

/** Does dockerd take this name for a key? */
export function isKnownKey(name: string): boolean {
  return (Object.hasOwn(settings, name) && !withoutFlag.has(name)) || Object.hasOwn(flagOnly, name);
}

/** The names that it takes, for a suggestion. */
export const suggestedKeys: readonly string[] = Object.keys(settings).filter(
  (name) => isKnownKey(name) || name === 'proxies',
);

/** Switches of the command line, and what they are without the file. */
export const flagDefaults = {
  'cri-containerd': false,
  debug: false,
  experimental: false,
  icc: true,
  init: false,
  'ip-forward': true,
  'ip-masq': true,
  ip6tables: false,
  iptables: true,
  ipv6: false,
  'live-restore': false,
  'no-new-privileges': false,
  'raw-logs': false,
  rootless: false,
  'selinux-enabled': false,
  'userland-proxy': true,
} as const satisfies Partial<Record<Key, boolean>>;

export type Switch = keyof typeof flagDefaults;
