// Registry settings, as dockerd checks them at its start: mirrors, and registries named by host or by network.
import { parseAddress } from '../subnet.ts';
import type { Findings } from './findings.ts';
import { parseCidr } from './go/cidr.ts';
import type { Reading } from './reading.ts';

const starting = 'failed to start daemon: ';

export function checkRegistries({ values }: Reading, findings: Findings): void {
  for (const entry of values['allow-nondistributable-artifacts'] ?? []) checkArtifactRegistry(entry ?? '', findings);
  for (const entry of values['registry-mirrors'] ?? []) checkMirror(entry ?? '', findings);
  for (const entry of values['insecure-registries'] ?? []) checkInsecureRegistry(entry ?? '', findings);
}

function refuse(findings: Findings, key: string, says: string, message: string, fix: string): void {
  findings.error('start', starting + says, { key, code: 'invalid_value', message, fix });
}

function checkHyphens(key: string, entry: string, findings: Findings): boolean {
  if (!entry.startsWith('-') && !entry.endsWith('-')) return true;
  refuse(
    findings,
    key,
    `invalid index name (${entry}). Cannot begin or end with a hyphen`,
    `${JSON.stringify(entry)} begins or ends with a hyphen`,
    'Write a host name, such as "registry.example.com:5000"',
  );
  return false;
}

function checkArtifactRegistry(entry: string, findings: Findings) {
  const key = 'allow-nondistributable-artifacts';
  if (!checkHyphens(key, entry, findings)) return;
  if (entry.includes('://'))
    return refuse(
      findings,
      key,
      `${key} registry ${entry} should not contain '://'`,
      `${JSON.stringify(entry)} is a URL`,
      'Write the host, without "http://"',
    );
  checkHostPort(key, `${key} registry ${entry}`, entry, findings);
}

function checkInsecureRegistry(entry: string, findings: Findings) {
  const key = 'insecure-registries';
  if (!checkHyphens(key, entry, findings)) return;
  const bare = entry.replace(/^https?:\/\//i, '');
  if (bare === entry && entry.includes('://'))
    return refuse(
      findings,
      key,
      `insecure registry ${entry} should not contain '://'`,
      `${JSON.stringify(entry)} is a URL`,
      'Write the host, without a scheme',
    );
  checkHostPort(key, `insecure registry ${bare}`, bare, findings);
}

const component = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const hostAndPort = new RegExp(`^(?:${component}(?:\\.${component})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?$`);

function checkHostPort(key: string, what: string, entry: string, findings: Findings) {
  if (parseCidr(entry) !== null) return;
  const { host, port } = splitHostPort(entry);
  const fix = 'Write "host:port", or a network such as "10.0.0.0/8"';
  if (!hostAndPort.test(entry) && parseAddress(host) === null)
    return refuse(
      findings,
      key,
      `${what} is not valid: invalid host ${JSON.stringify(host)}`,
      `${JSON.stringify(entry)} in "${key}" is no host`,
      fix,
    );
  if (port === '') return;
  if (!/^[+-]?\d+$/.test(port))
    return refuse(
      findings,
      key,
      `${what} is not valid: strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`,
      `${JSON.stringify(entry)} in "${key}" has a port that is no number`,
      fix,
    );
  if (Number(port) < 0 || Number(port) > 65_535)
    return refuse(
      findings,
      key,
      `${what} is not valid: invalid port ${JSON.stringify(port)}`,
      `${JSON.stringify(entry)} in "${key}" has a port that does not exist`,
      fix,
    );
}

/** net.SplitHostPort; where that fails, all of it is the host. */
export function splitHostPort(text: string): { host: string; port: string } {
  const [, bracketed, bare, port] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text) ?? [];
  return port === undefined ? { host: text, port: '' } : { host: bracketed ?? bare ?? '', port };
}

function checkMirror(entry: string, findings: Findings) {
  const key = 'registry-mirrors';
  const say = (says: string, message: string) =>
    refuse(findings, key, `invalid mirror: ${says}`, message, 'Write a URL such as "https://mirror.example.com"');
  const problem = findUrlProblem(entry);
  if (problem !== undefined)
    return say(
      `${JSON.stringify(entry)} is not a valid URI: parse ${JSON.stringify(entry)}: ${problem}`,
      `${JSON.stringify(entry)} is no URL`,
    );
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(entry)?.[1]?.toLowerCase() ?? '';
  if (scheme !== 'http' && scheme !== 'https')
    return say(
      `unsupported scheme ${JSON.stringify(scheme)} in ${JSON.stringify(entry)}`,
      `The mirror ${JSON.stringify(entry)} has ${scheme === '' ? 'no scheme' : `the scheme "${scheme}"`}`,
    );
  const [beforeFragment = '', fragment = ''] = split(entry, '#');
  const [, query = ''] = split(beforeFragment, '?');
  if (query !== '' || fragment !== '')
    return say(
      `query or fragment at end of the URI ${JSON.stringify(entry)}`,
      `The mirror ${JSON.stringify(entry)} has a query or a fragment`,
    );
  const authority = /^[^:]+:\/\/([^/?#]*)/.exec(entry)?.[1] ?? '';
  if (authority.includes('@')) {
    const user = authority.slice(0, authority.lastIndexOf('@')).split(':', 1)[0] ?? '';
    say(
      `username/password not allowed in URI ${JSON.stringify(entry.replace(authority.slice(0, authority.lastIndexOf('@')), `${user}:xxxxx`))}`,
      'The mirror has a user name or password in its URL',
    );
  }
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Why Go's url.Parse refuses it. */
function findUrlProblem(url: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(url)) return 'net/url: invalid control character in URL';
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(url);
  if (scheme === null && url.startsWith(':')) return 'missing protocol scheme';
  const rest = scheme === null ? url : url.slice(scheme[0].length);
  const [beforeQuery = ''] = rest.split(/[?#]/, 1);
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(url)?.[0];
  if (!beforeQuery.startsWith('//')) {
    const firstSegment = beforeQuery.split('/', 1)[0] ?? '';
    if (scheme === null && firstSegment.includes(':')) return 'first path segment in URL cannot contain colon';
    return badEscape === undefined ? undefined : `invalid URL escape ${JSON.stringify(badEscape)}`;
  }
  const authority = beforeQuery.slice(2).split('/', 1)[0] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host.startsWith('[') && !host.includes(']')) return "missing ']' in host";
  const tail = host.startsWith('[')
    ? host.slice(host.lastIndexOf(']') + 1)
    : host.includes(':')
      ? host.slice(host.lastIndexOf(':'))
      : '';
  if (tail !== '' && !/^:\d*$/.test(tail)) return `invalid port ${JSON.stringify(tail)} after host`;
  const odd = /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\uffff]/.exec(host)?.[0];
  if (odd !== undefined) return `invalid character ${JSON.stringify(odd)} in host name`;
  return badEscape === undefined ? undefined : `invalid URL escape ${JSON.stringify(badEscape)}`;
}
