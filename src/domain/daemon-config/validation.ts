// What dockerd checks of the values while it loads the file, in its order: what `dockerd --validate` sees too.
import { containsSubnet, parseAddress, parseSubnet, type Subnet } from '../subnet.ts';
import type { Findings } from './findings.ts';
import { isListenAddress, parseListenAddress } from './hosts.ts';
import type { Reading } from './reading.ts';

/** The checks of config.Validate and of what follows it. */
export function validate({ values, switches, set }: Reading, findings: Findings): void {
  const texts = (list: readonly (string | undefined)[] | undefined) => (list ?? []).map((text) => text ?? '');
  checkChoice('log-level', values['log-level'], logLevels, 'invalid logging level', findings);
  checkChoice('log-format', values['log-format'], ['text', 'json'], 'invalid log format', findings);
  for (const domain of texts(values['dns-search'])) checkSearchDomain(domain, findings);
  for (const label of texts(values.labels)) checkLabel(label, findings);
  checkNotNegative('mtu', values.mtu, 'invalid default MTU', findings);
  for (const key of ['max-concurrent-downloads', 'max-concurrent-uploads', 'max-download-attempts'] as const)
    checkNotNegative(key, values[key], `invalid ${key.replaceAll('-', ' ')}`, findings);
  checkGenericResources(texts(values['node-generic-resources']), findings);
  for (const host of texts(values.hosts)) checkHost(host, findings);
  if (switches['userland-proxy']) checkProxyPath(values['userland-proxy-path'], findings);
  checkIpcMode(values['default-ipc-mode'], findings);
  checkFixedCidrV6(values['fixed-cidr-v6'], findings);
  if (values.features?.has('windows-dns-proxy') === true)
    findings.error('merged', "feature option 'windows-dns-proxy' is only available on Windows", {
      key: 'features.windows-dns-proxy',
      code: 'not_supported',
      message: 'The feature "windows-dns-proxy" exists on Windows only, also where it is set to false',
      fix: 'Remove it',
    });
  checkCgroupNamespaceMode(values['default-cgroupns-mode'], findings);
  for (const host of texts(values.hosts)) checkZone(host, findings);
  checkLabelConflicts(texts(values.labels), findings);
  checkTls({ values, switches, set }, findings);
}

const logLevels = ['panic', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'];

function checkChoice(
  key: 'log-level' | 'log-format',
  value: string | undefined,
  choices: readonly string[],
  words: string,
  findings: Findings,
): void {
  if (value === undefined || value === '') return;
  // Levels fit in any case, formats do not.
  if (choices.includes(key === 'log-level' ? value.replaceAll('İ', 'i').toLowerCase() : value)) return;
  findings.error('merged', `${words}: ${value}`, {
    key,
    code: 'invalid_value',
    message: `"${key}" knows no ${JSON.stringify(value)}`,
    fix: `Write one of ${choices.map((choice) => `"${choice}"`).join(', ')}`,
  });
}

const domainPattern =
  /^([a-zA-Z0-9]|([a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))((\.([a-zA-Z0-9]|([a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])))*)\.?$/;

function checkSearchDomain(domain: string, findings: Findings): void {
  const spelt = trimSpaces(domain);
  if (spelt === '.') return;
  if (/[a-zA-Z]/.test(spelt) && isDomain(spelt)) return;
  findings.error('merged', `${spelt} is not a valid domain`, {
    key: 'dns-search',
    code: 'invalid_value',
    message: `${JSON.stringify(domain)} is no domain to search names in`,
    fix: 'Write a domain such as "example.com", or "." for none',
  });
}

function trimSpaces(text: string): string {
  let [start, end] = [0, text.length];
  while (text[start] === ' ') start += 1;
  while (end > start && text[end - 1] === ' ') end -= 1;
  return text.slice(start, end);
}

function isDomain(spelt: string): boolean {
  return spelt.length < 300 && domainPattern.test(spelt) && spelt.replace(/\.$/, '').length < 255;
}

const reservedLabels = ['com.docker.', 'io.docker.', 'org.dockerproject.'];

function checkLabel(label: string, findings: Findings): void {
  if (!label.includes('='))
    findings.error('merged', `bad attribute format: ${label}`, {
      key: 'labels',
      code: 'invalid_value',
      message: `The label ${JSON.stringify(label)} has no "="`,
      fix: 'Write "name=value"',
    });
  else if (reservedLabels.some((prefix) => label.toLowerCase().startsWith(prefix)))
    findings.error(
      'merged',
      `label ${label} is not allowed: the namespaces com.docker.*, io.docker.*, and org.dockerproject.* are reserved for internal use`,
      {
        key: 'labels',
        code: 'invalid_value',
        message: `The label ${JSON.stringify(label)} begins with a name that Docker keeps for itself`,
        fix: 'Give it a name of your own, such as "com.example.rack=7"',
      },
    );
}

function checkNotNegative(key: string, value: bigint | undefined, words: string, findings: Findings): void {
  if (value === undefined || value >= 0n) return;
  findings.error('merged', `${words}: ${value}`, {
    key,
    code: 'out_of_range',
    message: `"${key}" is ${value}, and cannot be negative`,
    fix: key === 'mtu' ? 'Write 68 to 65535; 1500 is the default' : 'Write a whole number above 0',
    mends: key === 'mtu' ? [{ kind: 'set', key, value: '1500' }] : [{ kind: 'remove', key }],
  });
}

function checkGenericResources(terms: readonly string[], findings: Findings): void {
  const say = (says: string, message: string) =>
    findings.error('merged', `could not parse GenericResource: ${says}`, {
      key: 'node-generic-resources',
      code: 'invalid_value',
      message,
      fix: 'Write "name=value": either one number, or names, such as "gpu=UUID1"',
    });
  const tokens = new Map<string, string[]>();
  for (const term of terms) {
    const parts = term.split('=');
    if (parts.length !== 2) {
      say(`incorrect term ${term}, missing '=' or malformed expression`, `${JSON.stringify(term)} is no "name=value"`);
      return;
    }
    const [name = '', value = ''] = parts.map((part) => part.trim());
    const values = tokens.get(name);
    if (values === undefined) tokens.set(name, [value]);
    else values.push(value);
  }
  const isNumber = (value: string) => /^[+-]?\d{1,40}$/.test(value);
  for (const [name, values] of tokens) {
    const [only = ''] = values;
    if (values.length === 1 && isNumber(only)) {
      if (BigInt(only) < 0n) say(`cannot ask for negative resource ${name}`, `"${name}" cannot be negative`);
    } else if (values.some(isNumber)) {
      say(
        `mixed discrete and named resources in expression '${name}=[${values.join(' ')}]'`,
        `"${name}" is both a number and a name`,
      );
    }
  }
}

function checkHost(entry: string, findings: Findings): void {
  const read = parseListenAddress(entry);
  if (isListenAddress(read)) return;
  findings.error('merged', read.says, {
    key: 'hosts',
    code: 'invalid_host',
    message: `dockerd cannot listen on ${JSON.stringify(entry)}: ${read.says.replace(/^invalid bind address \(.*?\): /s, '')}`,
    fix: 'Write "unix:///var/run/docker.sock", "tcp://ADDRESS:PORT" or "fd://"',
  });
}

/** dockerd reads its own spelling of an address once more, and stumbles over a zone. */
function checkZone(entry: string, findings: Findings): void {
  const read = parseListenAddress(entry);
  if (!isListenAddress(read) || read.protocol !== 'tcp' || !read.host.includes('%')) return;
  const url = `tcp://${read.address}`;
  const badEscape = read.host.slice(read.host.indexOf('%')).slice(0, 3);
  findings.error(
    'load',
    `invalid bind address (${url}): parse ${JSON.stringify(url)}: invalid URL escape ${JSON.stringify(badEscape)}`,
    {
      key: 'hosts',
      code: 'invalid_host',
      message: `dockerd cannot listen on ${JSON.stringify(entry)}: it takes no zone`,
      fix: 'Write an address without "%"',
    },
  );
}

/** Where packages put the proxy. */
const proxyPlaces = [
  '/usr/bin/docker-proxy',
  '/usr/sbin/docker-proxy',
  '/usr/local/bin/docker-proxy',
  '/usr/libexec/docker/docker-proxy',
  '/usr/libexec/docker-proxy',
];

function checkProxyPath(path: string | undefined, findings: Findings): void {
  if (path === undefined || path === '') return;
  const fix = 'Remove the key; dockerd finds its proxy by itself';
  const key = 'userland-proxy-path';
  if (!path.startsWith('/'))
    findings.error('merged', `invalid userland-proxy-path: must be an absolute path: ${path}`, {
      key,
      code: 'invalid_value',
      message: `"${key}" is ${JSON.stringify(path)}, which is no absolute path`,
      fix,
    });
  else if (!proxyPlaces.includes(path) && !commonPrograms.test(path))
    findings.error('merged', `invalid userland-proxy-path: exec: ${JSON.stringify(path)}: ${whyNoProgram(path)}`, {
      key,
      code: 'file_missing',
      message: `"${key}" names ${path}, where a fresh host has no program`,
      fix,
    });
}

const commonPrograms = /^\/(usr\/)?bin\/(true|false|sh|cat|env)$/;

function whyNoProgram(path: string): string {
  if (/^\/(etc|usr|var|run|tmp|bin|opt|home|root)\/?$/.test(path)) return 'is a directory';
  return path === '/etc/passwd' || path === '/etc/hosts'
    ? 'permission denied'
    : `stat ${path}: no such file or directory`;
}

function checkIpcMode(mode: string | undefined, findings: Findings): void {
  if (mode === undefined || mode === '' || mode === 'private' || mode === 'shareable') return;
  const isMode = mode === 'none' || mode === 'host' || /^container:.+$/s.test(mode);
  const hint = 'use "shareable" or "private"';
  findings.error(
    'merged',
    isMode
      ? `IPC mode "${mode}" is not supported as default value; ${hint}`
      : `default IPC mode setting (${mode}) is invalid; ${hint}`,
    {
      key: 'default-ipc-mode',
      code: 'invalid_value',
      message: isMode
        ? `"${mode}" is a mode of one container, not one for all`
        : `"default-ipc-mode" knows no ${JSON.stringify(mode)}`,
      fix: 'Write "private" or "shareable"',
    },
  );
}

function checkCgroupNamespaceMode(mode: string | undefined, findings: Findings): void {
  if (mode === undefined || ['', 'host', 'private'].includes(mode)) return;
  findings.error('merged', `default cgroup namespace mode (${mode}) is invalid; use "host" or "private"`, {
    key: 'default-cgroupns-mode',
    code: 'invalid_value',
    message: `"default-cgroupns-mode" knows no ${JSON.stringify(mode)}`,
    fix: 'Write "private" or "host"',
  });
}

const linkLocal: Subnet = { family: 'ipv6', base: 0xfe80n << 112n, prefix: 64 };

function checkFixedCidrV6(spelt: string | undefined, findings: Findings): void {
  if (spelt === undefined || spelt === '') return;
  const key = 'fixed-cidr-v6';
  const read = parseSubnet(spelt);
  const fix = 'Write an IPv6 subnet, such as "2001:db8:1::/64"';
  if (read === null) {
    findings.error('merged', `invalid fixed-cidr-v6: invalid CIDR address: ${spelt}`, {
      key,
      code: 'invalid_subnet',
      message: `"${key}" is ${JSON.stringify(spelt)}, which is no subnet (ADDRESS/PREFIX)`,
      fix,
    });
  } else if (parseAddress(spelt.slice(0, spelt.indexOf('/')))?.family === 'ipv4') {
    findings.error('merged', 'invalid fixed-cidr-v6: fixed-cidr-v6 is not an IPv6 subnet', {
      key,
      code: 'wrong_family',
      message: `"${key}" is ${spelt}, a subnet of IPv4`,
      fix: `${fix}; a subnet of IPv4 belongs in "fixed-cidr"`,
    });
  } else if (read.subnet.prefix !== 64 && containsSubnet(linkLocal, { ...read.subnet, prefix: 128 })) {
    findings.error('merged', "invalid fixed-cidr-v6: clash with the Link-Local prefix 'fe80::/64'", {
      key,
      code: 'invalid_subnet',
      message: `"${key}" is ${spelt}, which clashes with fe80::/64: every interface has an address in that`,
      fix: `${fix}, or exactly "fe80::/64"`,
    });
  }
}

function checkLabelConflicts(labels: readonly string[], findings: Findings): void {
  const known = new Map<string, string>();
  for (const label of labels) {
    const equals = label.indexOf('=');
    if (equals === -1) continue;
    const [name, value] = [label.slice(0, equals), label.slice(equals + 1)];
    const before = known.get(name);
    if (before !== undefined && before !== value)
      findings.error('load', `conflict labels for ${name}=${value} and ${name}=${before}`, {
        key: 'labels',
        code: 'conflicting_keys',
        message: `The label "${name}" is both ${JSON.stringify(before)} and ${JSON.stringify(value)}`,
        fix: 'Keep one of them',
      });
    known.set(name, value);
  }
}

/** Is TLS on? `tlsverify` switches it on by standing there, whatever it says. */
export function usesTls({ values, set }: Pick<Reading, 'values' | 'set'>): boolean {
  return set.has('tlsverify') || values.tls === true;
}

function checkTls(reading: Reading, findings: Findings): void {
  if (!usesTls(reading)) return;
  const { values, set } = reading;
  const { tlscert: cert = '', tlskey: key = '', tlscacert: ca = '' } = values;
  const missing = cert === '' ? '' : cert;
  const why =
    set.has('tlsverify') && values.tls !== true ? 'because "tlsverify" stands there, with whatever value' : '';
  findings.error(
    'load',
    `invalid TLS configuration: Could not load X509 key pair (cert: ${JSON.stringify(cert)}, key: ${JSON.stringify(key)}): open ${missing}: no such file or directory`,
    {
      key: values.tls === true ? 'tls' : 'tlsverify',
      code: 'file_missing',
      message:
        cert === '' || key === ''
          ? `TLS is on${why === '' ? '' : `, ${why}`}, and ${cert === '' ? '"tlscert"' : '"tlskey"'} names no file: dockerd reads certificate and key before it starts`
          : `TLS is on${why === '' ? '' : `, ${why}`}, and dockerd reads ${[cert, key, ca].filter(Boolean).join(', ')} before it starts: a fresh host has none of them`,
      fix:
        cert === '' || key === ''
          ? 'Name the files: "tlscert", "tlskey", and "tlscacert" to verify clients; or remove "tls" and "tlsverify"'
          : 'Put the files there first; where they are, this is no mistake',
    },
  );
}
