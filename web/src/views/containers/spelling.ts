// A container's addresses and ports, as one writes them.
import type { Container, PublishedPort } from '../../../../src/client/index.ts';

export function spellAddresses({ networks }: Container): string {
  return networks.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6].filter((address) => address !== null)).join(', ');
}

/** 0.0.0.0:32768→80/tcp */
export function spellPort({ containerPort, protocol, hostIp, hostPort }: PublishedPort): string {
  const host = hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  return `${host}:${hostPort ?? '?'}→${containerPort}/${protocol}`;
}
