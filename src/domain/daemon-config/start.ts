// What dockerd meets when it starts with a file that it could load: its folders, its addresses, and everything before and after docker0, in its order.
import type { ExistingBridge } from './bridge/existing.ts';
import { type BridgeOutcome, planDefaultBridge } from './bridge/plan.ts';
import { checkBuilder } from './builder-policy.ts';
import type { Findings } from './findings.ts';
import { classifyHost } from './hosts.ts';
import { bindListeners } from './listeners.ts';
import { checkLogging } from './log-options.ts';
import type { Reading } from './reading.ts';
import { checkRegistries, splitHostPort } from './registries.ts';
import { checkDefaultRuntime, checkRuntimes } from './runtimes.ts';
import { checkStorage } from './storage.ts';

const starting = 'failed to start daemon: ';

/** Starts with it, and answers the docker0 that results. */
export function start(reading: Reading, existing: ExistingBridge | null, findings: Findings): BridgeOutcome {
  checkFolders(reading, findings);
  bindListeners(reading, existing?.addresses ?? [], findings);
  checkRegistries(reading, findings);
  checkAgreement(reading, findings);
  checkRuntimes(reading, findings);
  checkSeccompProfile(reading, findings);
  checkContainerd(reading, findings);
  checkDefaultRuntime(reading, findings);
  checkLogging(reading, findings);
  checkStorage(reading, findings);
  const outcome = planDefaultBridge(reading, existing, findings);
  checkAuthorization(reading, findings);
  checkMetricsAddress(reading, findings);
  checkBuilder(reading, findings);
  return outcome;
}

/** Files that every host has, so that nothing can be made below them. */
const usualFile = /^\/(etc\/(passwd|group|hosts|hostname|resolv\.conf|fstab|os-release)|dev\/null)(\/|$)/;

function checkFolders({ values }: Reading, findings: Findings): void {
  const folder = (key: 'data-root' | 'exec-root' | 'pidfile', says: string, message: string) =>
    findings.error('start', says, {
      key,
      code: 'invalid_value',
      message,
      fix:
        key === 'pidfile'
          ? 'Write the path of a file, such as "/var/run/docker.pid"'
          : 'Write the path of a folder of its own',
    });
  const { 'data-root': data = '', 'exec-root': exec = '', pidfile = '' } = values;
  const file = usualFile.exec(data);
  if (file !== null)
    folder(
      'data-root',
      file[3] === '/'
        ? `Unable to get the full path to root (${data}): failed to canonicalise path for ${data}: not a directory`
        : `Unable to get the full path to root (${data}): canonical path points to a file '${data}'`,
      `"data-root" is ${data}, which is or lies in a file`,
    );
  else if (/^\/proc\/?$/.test(data))
    folder(
      'data-root',
      `${starting}Unable to get the TempDir under ${data}: mkdir ${data.replace(/\/$/, '')}/tmp: no such file or directory`,
      '"data-root" is /proc, where nothing can be made',
    );
  if (usualFile.test(exec))
    folder('exec-root', `mkdir ${exec}: not a directory`, `"exec-root" is ${exec}, which is or lies in a file`);
  const parent = pidfile.slice(0, Math.max(pidfile.lastIndexOf('/'), 0));
  if (usualFile.test(parent))
    folder(
      'pidfile',
      `failed to create pidfile directory: mkdir ${parent}: not a directory`,
      `"pidfile" is ${pidfile}, which lies in a file`,
    );
  else if (/^\/(etc|usr|var|run|tmp|opt|home|root|srv|mnt|proc|sys|dev)\/?$/.test(pidfile))
    folder(
      'pidfile',
      `failed to start daemon, ensure docker is not running or delete ${pidfile}: read ${pidfile}: is a directory`,
      `"pidfile" is ${pidfile}, a folder`,
    );
}

/** verifyDaemonSettings: what must not be said together. */
function checkAgreement({ values, switches }: Reading, findings: Findings): void {
  const refuse = (
    key: string,
    says: string,
    code: 'conflicting_keys' | 'needs_experimental' | 'invalid_value',
    message: string,
    fix: string,
  ) => findings.error('start', starting + says, { key, code, message, fix });
  if (values['containerd-namespace'] === 'plugins.moby')
    refuse(
      'containerd-namespace',
      'containers namespace and plugins namespace cannot be the same',
      'conflicting_keys',
      '"containerd-namespace" is that of the plugins',
      'Write another name; "moby" is the default',
    );
  const { bridge = '', bip = '' } = values;
  if (bridge !== '' && bip !== '')
    refuse(
      'bip',
      'You specified -b & --bip, mutually exclusive options. Please specify only one',
      'conflicting_keys',
      `"bridge" names a bridge that has its address already, and "bip" gives docker0 one: dockerd takes only one of them, also where "bridge" is ${JSON.stringify(bridge)}`,
      'Remove "bridge" to have docker0 with this address, or "bip"',
    );
  if (!switches.iptables && !switches.icc)
    refuse(
      'icc',
      'You specified --iptables=false with --icc=false. ICC=false uses iptables to function. Please set --icc or --iptables to true',
      'conflicting_keys',
      '"icc": false is done with iptables rules, which "iptables": false forbids',
      'Set one of them to true',
    );
  if (switches.ip6tables && !switches.experimental)
    refuse(
      'ip6tables',
      'ip6tables rules are only available if experimental features are enabled',
      'needs_experimental',
      '"ip6tables": true is an experimental feature of this engine',
      'Write "experimental": true too, or remove it',
    );
  const driver = cgroupDriver(values['exec-opts']);
  if (driver === 'none')
    refuse(
      'exec-opts',
      'native.cgroupdriver option none is internally used and cannot be specified manually',
      'invalid_value',
      "native.cgroupdriver=none is for dockerd's own use",
      'Write "native.cgroupdriver=systemd" or "native.cgroupdriver=cgroupfs"',
    );
  else if (!['', 'cgroupfs', 'systemd'].includes(driver))
    refuse(
      'exec-opts',
      `native.cgroupdriver option ${driver} not supported`,
      'invalid_value',
      `There is no cgroup driver ${JSON.stringify(driver)}`,
      'Write "native.cgroupdriver=systemd" or "native.cgroupdriver=cgroupfs"',
    );
  const { 'cgroup-parent': parent = '' } = values;
  if (parent !== '' && driver === 'systemd' && (parent.length <= 6 || !parent.endsWith('.slice')))
    refuse(
      'cgroup-parent',
      'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"',
      'invalid_value',
      `With the cgroup driver systemd "cgroup-parent" is a slice, and ${JSON.stringify(parent)} is none`,
      'Write a name such as "docker.slice"',
    );
  if (!switches.iptables && switches['ip-masq'])
    findings.warning({
      key: 'iptables',
      code: 'no_effect',
      message:
        'With "iptables": false there is no masquerading either, whatever "ip-masq" says: containers reach nothing beyond the host, and published ports go through docker-proxy only',
      fix: 'Remove "iptables", or make the rules yourself',
    });
}

/** The first that is named counts. */
function cgroupDriver(options: readonly (string | undefined)[] | undefined): string {
  for (const option of options ?? []) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(option ?? '') ?? [];
    if (name.trim().toLowerCase() === 'native.cgroupdriver') return value.trim();
  }
  return '';
}

function checkSeccompProfile({ values }: Reading, findings: Findings): void {
  const { 'seccomp-profile': profile = '' } = values;
  if (['', 'builtin', 'unconfined'].includes(profile)) return;
  const isFolder = /^\/(etc|usr|var|run|tmp|opt|home|root|dev|proc|sys)\/?$/.test(profile);
  if (/^\/(etc\/(passwd|group|hosts|hostname)|dev\/null)$/.test(profile)) return;
  findings.error(
    'start',
    `${starting}opening seccomp profile (${profile}) failed: ${isFolder ? `read ${profile}: is a directory` : `open ${profile}: no such file or directory`}`,
    {
      key: 'seccomp-profile',
      code: 'file_missing',
      message: `dockerd reads the seccomp profile ${JSON.stringify(profile)} when it starts, and a fresh host has no such file`,
      fix: 'Put the file there first (then this is no mistake), or write "builtin"',
    },
  );
}

function checkContainerd({ values }: Reading, findings: Findings): void {
  const { containerd: address = '' } = values;
  if (address === '') return;
  if (/^(unix:\/\/)?\/(var\/)?run\/containerd\/containerd\.sock$/.test(address)) {
    findings.info({
      key: 'containerd',
      code: 'depends_on_host',
      message: `dockerd waits a minute for a containerd at ${address}, and does not start where there is none`,
      fix: 'See that containerd starts first',
    });
    return;
  }
  findings.error(
    'start',
    `${starting}failed to dial ${JSON.stringify(address)}: failed to dial ${JSON.stringify(address)}: context deadline exceeded`,
    {
      key: 'containerd',
      code: 'file_missing',
      message: `Nobody answers at ${JSON.stringify(address)} on a fresh host: dockerd waits a minute for it, and gives up`,
      fix: 'Write the address of a containerd that runs, such as "/run/containerd/containerd.sock", or remove the key',
    },
  );
}

function checkAuthorization({ values }: Reading, findings: Findings): void {
  const [first] = values['authorization-plugins'] ?? [];
  if (values['authorization-plugins'] === undefined || values['authorization-plugins'].length === 0) return;
  const name = first ?? '';
  findings.error(
    'start',
    `failed to validate authorization plugin: ${name === '' ? 'legacy plugin: Unable to find plugin without name' : `plugin ${JSON.stringify(name)} not found`}`,
    {
      key: 'authorization-plugins',
      code: 'name_not_found',
      message: `A fresh host has no plugin ${JSON.stringify(name)}: dockerd looks for it 15 s, and gives up`,
      fix: 'Install the plugin first; where it is there, this is no mistake',
    },
  );
}

function checkMetricsAddress({ values }: Reading, findings: Findings): void {
  const { 'metrics-addr': address = '' } = values;
  if (address === '') return;
  const says = findAddressProblem(address);
  if (says !== undefined)
    findings.error('start', `failed to start metrics server: ${says}`, {
      key: 'metrics-addr',
      code: 'invalid_host',
      message: `dockerd cannot serve its metrics on ${JSON.stringify(address)}: ${says}`,
      fix: 'Write "127.0.0.1:9323"',
    });
  else if (classifyHost(splitHostPort(address).host) !== 'loopback')
    findings.warning({
      key: 'metrics-addr',
      code: 'open_to_the_network',
      message: `Everybody on the network can read the metrics of this engine at ${address}`,
      fix: 'Write "127.0.0.1:9323"',
    });
}

function findAddressProblem(address: string): string | undefined {
  const { host, port } = splitHostPort(address);
  if (host === address) {
    const colons = (address.match(/:/g) ?? []).length;
    return `error parsing tcp address: address ${address}: ${colons > 1 && !address.startsWith('[') ? 'too many colons' : 'missing port'} in address`;
  }
  if (!/^[+-]?\d+$/.test(port))
    return `error parsing tcp address: strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`;
  const kind = classifyHost(host);
  if (kind === 'name') return `failed to lookup ${host} address in host specification`;
  if (Number(port) < 0)
    return `failed to allocate daemon listening port ${Number(port)} (err: invalid port range: ${Number(port)}-${Number(port)})`;
  if (Number(port) > 65_535) return `listen tcp: address ${Number(port)}: invalid port`;
  return kind === 'elsewhere' ? `listen tcp ${address}: bind: cannot assign requested address` : undefined;
}
