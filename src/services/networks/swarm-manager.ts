// Refuses what only a manager of a swarm can do, with the way to one. The engine itself is asked: that it has joined or left a swarm comes to the mirror
// late, or not at all.
import type { SwarmFacts } from '../../domain/network/swarm.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import { isManager, nameManagers } from '../swarms.ts';

/** Overlays are made and removed there. Fails with `engine_refused` on an engine in no swarm, with `state_conflict` on a worker. */
export async function requireManager(mirrors: readonly EngineMirror[], mirror: EngineMirror): Promise<void> {
  const { swarm } = await mirror.engine.info();
  if (swarm.state === 'manager') return;
  const { name } = mirror.engine;
  if (swarm.state === 'worker') throw refuseWorker(mirrors, mirror, swarm);
  if (swarm.state === 'inactive') {
    const others = mirrors.filter(isManager).map(({ engine }) => engine.name);
    const elsewhere = others.length === 0 ? '' : `, or name the engine ${spell(others)}, which manages one`;
    throw new Failure('engine_refused', `The engine "${name}" is in no swarm, and overlay networks are a swarm's`, {
      field: 'driver',
      hint: `Run docker swarm init on it${elsewhere}, or make a bridge.`,
    });
  }
  throw new Failure(
    'engine_refused',
    `The engine "${name}" is not ready in its swarm: it is ${swarm.state}${swarm.error === '' ? '' : ` (${swarm.error})`}`,
    { field: 'driver', hint: 'docker info on it shows more; make a bridge meanwhile.' },
  );
}

function refuseWorker(mirrors: readonly EngineMirror[], mirror: EngineMirror, { managers }: SwarmFacts): Failure {
  const ours = nameManagers(mirrors, mirror);
  const theirs = managers.map(({ address }) => address).filter((address) => address !== '');
  return new Failure(
    'state_conflict',
    `The engine "${mirror.engine.name}" is a worker of its swarm, and networks of a swarm are its managers' business`,
    {
      field: 'engine',
      hint:
        ours.length > 0
          ? `Name the manager: "engine": "${ours[0]}". Containers on "${mirror.engine.name}" can be on the network all the same.`
          : `None of the engines here manages it. Its managers are at ${theirs.join(', ') || 'an address that it does not know'}.`,
      extra: { managers: ours },
    },
  );
}

function spell(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(' or ');
}
