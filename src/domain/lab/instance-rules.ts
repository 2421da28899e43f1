// A lab for many: what a file fixes can be had once. Names are made different by themselves; subnets, addresses and ports of the host are not.
import { Failure } from '../../schemas/failure.ts';
import type { LabFile } from '../../schemas/lab.ts';
import { expandHostPorts } from '../ports/holder.ts';
import { parsePortMappings } from '../ports/port-mapping.ts';
import { type LabIdentity, maxInstances } from './lab-identity.ts';

/** @throws Failure naming the field that only one instance could have */
export function refuseShared(file: LabFile, { instances }: LabIdentity): void {
  if (instances === null || instances === 1) return;
  const members = instances * Object.keys(file.containers).length;
  if (instances > maxInstances || members > maxMembers)
    throw new Failure('invalid_request', `${instances} instances of this lab would be ${members} containers`, {
      field: 'instances',
      hint: `At most ${maxInstances} instances and ${maxMembers} containers.`,
    });
  for (const [name, network] of Object.entries(file.networks ?? {})) {
    const field = (['bip', 'subnet', 'fixed-cidr', 'fixed-cidr-v6'] as const).find(
      (one) => network?.[one] !== undefined,
    );
    if (field !== undefined)
      throw refuse(
        `networks.${name}.${field}`,
        `the subnet of the network "${name}"`,
        instances,
        'Leave it out: then the engine chooses one for each.',
      );
  }
  for (const [name, container] of Object.entries(file.containers)) {
    if (container.mode !== 'open' || container.host === true) continue;
    for (const [index, text] of (container.ports ?? []).entries()) {
      const fixed = parsePortMappings([String(text)]).find(({ hostPort }) => expandHostPorts(hostPort).length > 0);
      if (fixed !== undefined)
        throw refuse(
          `containers.${name}.ports[${index}]`,
          `port ${fixed.hostPort} of the host, which "${name}" publishes`,
          instances,
          `Write "${fixed.containerPort}": then the engine chooses a port for each.`,
        );
    }
  }
}

/** Containers that one lab may come to, its instances counted. */
const maxMembers = 1_000;

function refuse(field: string, what: string, instances: number, hint: string): Failure {
  return new Failure('invalid_request', `${instances} instances cannot share ${what}`, { field, hint });
}
