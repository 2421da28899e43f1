// Two containers of one lab that publish the same port of one host. Which host each is on, whoever asks tells.
import type { PortBinding } from '../container/facts.ts';
import { findSelfConflict } from '../ports/holder.ts';

export interface PortClash {
  /** Names of the two in the file. */
  readonly one: string;
  readonly other: string;
  readonly hostPort: string;
}

/** The first; null where there is none. `bindings` are those of each container. */
export function findPortClash(
  bindings: ReadonlyMap<string, readonly PortBinding[]>,
  engineOf: (container: string) => string,
): PortClash | null {
  const owners = new Map([...bindings].flatMap(([name, ports]) => ports.map((port) => [port, name] as const)));
  const byEngine = new Map<string, PortBinding[]>();
  for (const [port, name] of owners) {
    const engine = engineOf(name);
    const known = byEngine.get(engine);
    if (known === undefined) byEngine.set(engine, [port]);
    else known.push(port);
  }
  for (const ports of byEngine.values()) {
    const conflict = findSelfConflict(ports);
    if (conflict === null) continue;
    const [one = '', other = ''] = conflict.map((binding) => owners.get(binding));
    return { one, other, hostPort: conflict[1].hostPort };
  }
  return null;
}

/** The same words wherever it is found. */
export function describePortClash({ one, other, hostPort }: PortClash): {
  path: string[];
  message: string;
  hint: string;
} {
  return {
    path: ['containers', other, 'ports'],
    message: `"${one}" and "${other}" both publish port ${hostPort} of the host`,
    hint: 'Publish one of them on another port, or as the container port alone: then the engine chooses.',
  };
}
