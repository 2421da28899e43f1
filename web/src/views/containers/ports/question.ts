// What is asked about a packet's path, as it stands in the link. Pure.
import type { Container } from '../../../../../src/client/index.ts';

export interface Question {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** `outside`, `host`, an address beyond the host, or a container. */
  readonly from: string;
}

/** null where neither the link nor the published ports say which port is meant. */
export function readQuestion(query: Readonly<Record<string, string>>, published: Container['ports']): Question | null {
  const first = published.find(({ protocol }) => protocol !== 'sctp');
  const port = query.port === undefined ? (first?.containerPort ?? 0) : Number(query.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return null;
  const isUdp =
    query.protocol === undefined ? query.port === undefined && first?.protocol === 'udp' : query.protocol === 'udp';
  return { port, protocol: isUdp ? 'udp' : 'tcp', from: query.from || 'outside' };
}

/** Where a browser of whoever looks at this page would open it; null where that makes no sense. */
export function linkToPort(
  { hostIp, hostPort, protocol }: Container['ports'][number],
  pageHost: string,
): string | null {
  if (protocol !== 'tcp' || hostPort === null) return null;
  const isAny = hostIp === '0.0.0.0' || hostIp === '::' || hostIp === '';
  const host = isAny ? pageHost : hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  return `http://${host}:${hostPort}/`;
}
