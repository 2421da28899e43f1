// What `docker port CONTAINER` shows, as data and as its text, in the CLI's own order. Live publications only: a stopped
// container has none.
import type { LivePort } from '../container/facts.ts';

/** The live publications in the order of `docker port`. The input is left as it is. */
export function sortLivePorts(ports: readonly LivePort[]): LivePort[] {
  return ports
    .map((port) => ({ port, line: formatLivePort(port) }))
    .sort((one, other) => compareNaturally(one.line, other.line))
    .map(({ port }) => port);
}

/** The text of `docker port CONTAINER`: a line for each publication, empty where there is none. */
export function renderDockerPort(ports: readonly LivePort[]): string {
  return sortLivePorts(ports)
    .map((port) => `${formatLivePort(port)}\n`)
    .join('');
}

/** One line, without its end: `80/tcp -> 0.0.0.0:32768`, `80/tcp -> [::]:32768`. */
function formatLivePort({ containerPort, protocol, hostIp, hostPort }: LivePort): string {
  const address = hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  return `${containerPort}/${protocol} -> ${address}:${hostPort}`;
}

/** Natural order: runs of digits by their value, digits before anything else, the rest by character. */
function compareNaturally(one: string, other: string): number {
  const left = one.match(/[0-9]+|[^0-9]/g) ?? [];
  const right = other.match(/[0-9]+|[^0-9]/g) ?? [];
  const at = left.findIndex((part, i) => part !== right[i]);
  const part = left[at];
  const counterpart = right[at];
  if (part === undefined || counterpart === undefined) return left.length - right.length;
  const digits = /^[0-9]/.test(part);
  if (digits !== /^[0-9]/.test(counterpart)) return digits ? -1 : 1;
  // Of two numbers of one value, the one with fewer leading zeros comes first.
  if (digits) return Number(part) - Number(counterpart) || part.length - counterpart.length;
  return part < counterpart ? -1 : 1;
}
