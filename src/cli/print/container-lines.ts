// Containers as lines of a table. Pure.
import type { Container, PublishedPort } from '../../client/node.ts';
import { formatAge } from './sizes.ts';
import type { Style } from './style.ts';
import { type Cell, formatTable } from './table.ts';

export interface ListLook {
  readonly style: Style;
  readonly now: number;
  /** Whole ids. */
  readonly isWhole: boolean;
  /** Of several engines. */
  readonly withEngine: boolean;
}

const shortId = 12;

export function formatContainers(containers: readonly Container[], look: ListLook): string[] {
  const heading = ['CONTAINER ID', 'NAME', 'MODE', 'IMAGE', 'STATUS', 'ADDRESS', 'PORTS', 'LAB'];
  const rows = containers.map((one): Cell[] => [
    look.isWhole ? one.id : one.id.slice(0, shortId),
    one.name,
    formatMode(one),
    one.image,
    styleStatus(one, look),
    one.networks.flatMap(({ ipv4 }) => (ipv4 === null ? [] : [ipv4])).join(', '),
    formatPorts(one.ports),
    one.lab ?? '',
  ]);
  if (!look.withEngine) return formatTable(heading, rows);
  return formatTable(
    ['ENGINE', ...heading],
    rows.map((row, index) => [containers[index]?.engine ?? '', ...row]),
  );
}

/** `joined to web`, `open (host)`: how it is attached. */
export function formatMode({ mode, effective, joinedTo }: Container): string {
  if (mode === 'joined') return `joined to ${joinedTo?.name ?? joinedTo?.id.slice(0, shortId) ?? '?'}`;
  return effective === 'host' ? `${mode} (host)` : mode;
}

/** `Up 3 minutes`, `Exited (0)`, as docker has it; and what is wrong with it. */
function styleStatus(one: Container, { style, now }: ListLook): Cell {
  const text = [formatState(one, now), ...(one.orphaned ? ['orphaned'] : []), ...(one.stale ? ['stale'] : [])].join(
    ', ',
  );
  const format = one.orphaned || one.stale ? 'yellow' : one.state === 'running' ? 'green' : 'dim';
  return { text, shown: style(format, text) };
}

function formatState({ state, startedAt, exitCode }: Container, now: number): string {
  const age = startedAt === null ? '' : ` ${formatAge(startedAt, now)}`;
  if (state === 'running') return `Up${age}`;
  if (state === 'paused') return `Up${age} (Paused)`;
  const name = `${state.charAt(0).toUpperCase()}${state.slice(1)}`;
  return exitCode === null ? name : `${name} (${exitCode})`;
}

/** `0.0.0.0:8080->2222/tcp`, as `docker ps`. */
export function formatPorts(ports: readonly PublishedPort[]): string {
  return ports
    .map(({ hostIp, hostPort, containerPort, protocol }) => {
      const address = hostIp.includes(':') ? `[${hostIp}]` : hostIp;
      return `${hostPort === null ? '' : `${address}:${hostPort}->`}${containerPort}/${protocol}`;
    })
    .join(', ');
}
