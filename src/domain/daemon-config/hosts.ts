// The key `hosts`: how dockerd reads an address to listen on (its opts.ParseHost, over Go's net/url), and which of them it can bind on a fresh host.
import { parseAddress } from '../subnet.ts';
import { trimSpace } from './go/file-text.ts';

/** An address that dockerd would listen on, in full. */
export interface ListenAddress {
  readonly protocol: 'tcp' | 'unix' | 'fd' | 'npipe';
  /** What follows `://`. */
  readonly address: string;
  /** Of tcp, without brackets. */
  readonly host: string;
  /** Of tcp. */
  readonly port: number;
}

/** Why an entry is none, in dockerd's words. */
export interface NoAddress {
  readonly says: string;
}

const defaultSocket = '/var/run/docker.sock';

/** Reads one entry of `hosts`; an empty one is the default socket. */
export function parseListenAddress(entry: string): ListenAddress | NoAddress {
  const spelt = trimSpace(entry);
  if (spelt === '') return unix(defaultSocket);
  const separator = spelt.indexOf('://');
  const protocol = separator === -1 ? 'tcp' : spelt.slice(0, separator);
  const address = separator === -1 ? spelt : spelt.slice(separator + 3);
  switch (protocol) {
    case 'tcp':
      return parseTcp(spelt);
    case 'unix':
    case 'npipe':
      if (address.includes('://')) return refuse(spelt, `invalid ${protocol} address: ${address}`);
      return protocol === 'unix'
        ? unix(address || defaultSocket)
        : { protocol, address: address || '//./pipe/docker_engine', host: '', port: 0 };
    case 'fd':
      return { protocol, address, host: '', port: 0 };
    default:
      return { says: `invalid bind address (${spelt}): unsupported proto '${protocol}'` };
  }
}

export function isListenAddress(read: ListenAddress | NoAddress): read is ListenAddress {
  return 'protocol' in read;
}

/** The spelling by which dockerd tells whether two entries are one. */
export function spellListenAddress({ protocol, address }: ListenAddress): string {
  return `${protocol}://${address}`;
}

function unix(address: string): ListenAddress {
  return { protocol: 'unix', address, host: '', port: 0 };
}

function refuse(spelt: string, why: string): NoAddress {
  return { says: `invalid bind address (${spelt}): ${why}` };
}

function parseTcp(spelt: string): ListenAddress | NoAddress {
  const url = spelt.includes('://') ? spelt : `tcp://${spelt}`;
  const parsed = parseUrl(url);
  if ('says' in parsed) return refuse(spelt, `parse ${JSON.stringify(url)}: ${parsed.says}`);
  if (parsed.path !== '') return refuse(spelt, 'should not contain a path element');
  if (parsed.port !== '' && !/^0*[1-9]\d{0,17}$/.test(parsed.port))
    return refuse(spelt, `invalid port: ${parsed.port}`);
  const host = parsed.host === '' ? 'localhost' : parsed.host;
  const port = parsed.port === '' ? '2375' : parsed.port;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { protocol: 'tcp', address, host, port: Number(port) };
}

/** The parts of a URL that dockerd looks at, read as Go's url.Parse does. */
function parseUrl(url: string): { host: string; port: string; path: string } | NoAddress {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(url)) return { says: 'net/url: invalid control character in URL' };
  const [beforeFragment = ''] = url.split('#', 1);
  const [beforeQuery = ''] = beforeFragment.split('?', 1);
  const rest = beforeQuery.slice('tcp://'.length);
  const slash = rest.indexOf('/');
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? '' : rest.slice(slash);
  const at = authority.lastIndexOf('@');
  if (at !== -1 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at)))
    return { says: 'net/url: invalid userinfo' };
  return withPath(splitHost(authority.slice(at + 1)), path);
}

function withPath(host: { host: string; port: string } | NoAddress, path: string) {
  return 'says' in host ? host : { ...host, path };
}

function splitHost(text: string): { host: string; port: string } | NoAddress {
  const bracket = text.startsWith('[') ? text.lastIndexOf(']') : -1;
  if (text.startsWith('[') && bracket === -1) return { says: "missing ']' in host" };
  const colon = bracket === -1 ? text.lastIndexOf(':') : text.slice(bracket + 1) === '' ? -1 : bracket + 1;
  const tail = colon === -1 ? '' : text.slice(colon);
  if (tail !== '' && !/^:\d*$/.test(tail)) return { says: `invalid port ${JSON.stringify(tail)} after host` };
  const badEscape = /%(?!25).{0,2}/s.exec(text)?.[0];
  if (badEscape !== undefined) return { says: `invalid URL escape ${JSON.stringify(badEscape)}` };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what Go looks at
  const odd = /[\u0000-\u007f]/g;
  for (const [char] of text.matchAll(odd))
    if (!/[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%]/.test(char))
      return { says: `invalid character ${JSON.stringify(char)} in host name` };
  const host = bracket === -1 ? (colon === -1 ? text : text.slice(0, colon)) : text.slice(1, bracket);
  return { host: host.replaceAll('%25', '%'), port: tail.slice(1) };
}

/** What somebody who knows only this host can say of a name or address to listen on. */
export type HostKind = 'everywhere' | 'loopback' | 'elsewhere' | 'group' | 'link_local' | 'name';

export function classifyHost(host: string): HostKind {
  if (host === 'localhost') return 'loopback';
  const address = parseAddress(host);
  if (address === null) return 'name';
  if (address.value === 0n) return 'everywhere';
  if (address.family === 'ipv4' ? address.value >> 24n === 127n : address.value === 1n) return 'loopback';
  // A socket can be bound to a multicast or broadcast address; nobody reaches it there.
  if (address.family === 'ipv4')
    return address.value >> 28n === 0xen || address.value === 0xffffffffn ? 'group' : 'elsewhere';
  return address.value >> 118n === 0x3fan ? 'link_local' : 'elsewhere';
}
