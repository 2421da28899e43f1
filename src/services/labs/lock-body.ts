// What the container runs that is a lab's lock. It ends with its stdin; and where it was started and nobody speaks to it, after seconds, by which
// somebody who started it learns that it has no holder.
import type { CreateBody } from '../../domain/container/create-body.ts';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { roles } from '../../domain/labels.ts';
import { buildServantBody } from '../servant-body.ts';

/** Seconds that it waits for the first words of its holder, who hears by an event of its start that they are due. */
const patience = 3;

/** It answers each line, by which others hear that it has a server; the signal is how others speak to the one that holds it. */
const script = `
trap 'echo cancel; heard=1' USR1
echo ready
patience=$1
while :; do
  heard=
  read -r -t "$patience" line || [ -n "$heard" ] || exit 0
  [ -n "$heard" ] || { patience=60; echo alive; }
done
`;

export function buildLockBody(image: string, serverId: string): CreateBody {
  const spec = { image, serverId, role: roles.helper, script, host: {} };
  return buildServantBody({ ...spec, arguments: ['lab-lock', String(patience)] });
}

/** Milliseconds after its start in which it ends where nobody has it; null where it is of an older server, whose locks do not. */
export function readPatience({ command }: Pick<ContainerFacts, 'command'>): number | null {
  const [name, seconds] = command.slice(-2);
  return name === 'lab-lock' ? Number(seconds) * 1_000 : null;
}
