// Host and Origin headers, read strictly and brought into the one form that can be compared. Pure.

/** A host as a header names it: lower case, IPv6 in brackets, no trailing dot; `port` null where none was given. */
export interface HostAddress {
  readonly name: string;
  readonly port: number | null;
}

/** `name`, `name:port`, `1.2.3.4:port`, `[::1]:port`; undefined for anything else (users, paths, blanks). */
export function normalizeHost(value: string): HostAddress | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?\.?)(?::(\d{1,5}))?$/i.exec(value);
  if (match?.[1] === undefined) return undefined;
  const name = canonicalName(match[1]);
  const port = match[3] === undefined ? null : Number(match[3]);
  if (name === undefined || (port !== null && (port < 1 || port > 65535))) return undefined;
  return { name, port };
}

/** One spelling for one name: lower case, an IPv6 address as short as it gets, no dot at the end. */
function canonicalName(name: string): string | undefined {
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  const url = `http://${bare}/`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

/** An origin (RFC 6454) as browsers write it: `scheme://host[:port]`, the scheme's own port left out; undefined for `null` and anything else. */
export function normalizeOrigin(value: string): string | undefined {
  const match = /^(https?):\/\/([^/?#@\s]+)$/i.exec(value);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const host = normalizeHost(match[2]);
  return host === undefined ? undefined : formatOrigin(match[1].toLowerCase(), host);
}

/** The origin of a page that was loaded from this host. */
export function formatOrigin(scheme: string, { name, port }: HostAddress): string {
  const own = scheme === 'https' ? 443 : 80;
  return port === null || port === own ? `${scheme}://${name}` : `${scheme}://${name}:${port}`;
}

/** Is this host reachable from this machine only? Names other than `localhost` are not trusted to be. */
export function isLoopback(host: string): boolean {
  const name = normalizeHost(host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)?.name;
  return name !== undefined && (name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name));
}
