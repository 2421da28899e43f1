// The bridge of a lab's own: made when its first container needs it, removed with the last that refers to it. The engine's atomic network
// names are the lock; whoever loses a race with a removal makes it again.
import { labNetworkName } from '../../domain/container/attachment-plan.ts';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isManaged } from '../../domain/container/managed.ts';
import { label, roles } from '../../domain/labels.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';

export interface LabNetworks {
  /** Makes the network if it is not there, and keeps it until `done` is called: a container is about to refer to it. */
  hold(mirror: EngineMirror, lab: string, owner: string): Promise<{ done(): void }>;
  /** Makes it again, after an engine has said that it is gone. */
  restore(mirror: EngineMirror, lab: string, owner: string): Promise<void>;
  /** Removes it if nothing refers to it any more. */
  release(mirror: EngineMirror, lab: string): Promise<void>;
  /** Removes every one on this engine that nothing refers to: what a server that was killed left behind. */
  sweep(mirror: EngineMirror): Promise<void>;
}

/** The lab on whose own network a container is, undefined where it is on another. */
export function labOfNetwork(facts: ContainerFacts): string | undefined {
  const lab = facts.labels[label.lab];
  return lab !== undefined && isManaged(facts) && facts.networkMode === labNetworkName(lab) ? lab : undefined;
}

export function createLabNetworks(): LabNetworks {
  const held = new Map<string, number>();
  const keyOf = (mirror: EngineMirror, lab: string) => `${mirror.engine.name} ${lab}`;

  async function restore(mirror: EngineMirror, lab: string, owner: string): Promise<void> {
    try {
      await mirror.engine.createNetwork({
        name: labNetworkName(lab),
        driver: 'bridge',
        labels: {
          [label.managed]: 'true',
          [label.owner]: owner,
          [label.lab]: lab,
          [label.role]: roles.labNetwork,
        },
      });
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'name_taken') throw error;
    }
    await mirror.refreshNetworks();
  }

  async function release(mirror: EngineMirror, lab: string): Promise<void> {
    const name = labNetworkName(lab);
    const network = mirror.network(name);
    if (network === undefined || network.labels[label.role] !== roles.labNetwork) return;
    if (held.has(keyOf(mirror, lab)) || isReferredTo(mirror, name)) return;
    try {
      await mirror.engine.removeNetwork(network.id);
    } catch (error) {
      // Someone else removed it, or connected to it, in the meantime.
      if (!(error instanceof Failure) || !['network_not_found', 'state_conflict'].includes(error.code)) throw error;
    }
    await mirror.refreshNetworks();
  }

  return {
    async hold(mirror, lab, owner) {
      const key = keyOf(mirror, lab);
      held.set(key, (held.get(key) ?? 0) + 1);
      let isDone = false;
      const done = () => {
        if (isDone) return;
        isDone = true;
        const left = (held.get(key) ?? 1) - 1;
        if (left === 0) held.delete(key);
        else held.set(key, left);
      };
      try {
        if (mirror.network(labNetworkName(lab)) === undefined) await restore(mirror, lab, owner);
      } catch (error) {
        done();
        throw error;
      }
      return { done };
    },
    restore,
    release,
    async sweep(mirror) {
      const labs = [...mirror.networks()]
        .filter(({ labels }) => labels[label.role] === roles.labNetwork)
        .flatMap(({ labels }) => labels[label.lab] ?? []);
      for (const lab of labs) await release(mirror, lab);
    },
  };
}

function isReferredTo(mirror: EngineMirror, network: string): boolean {
  for (const { networkMode, endpoints } of mirror.containers()) {
    if (networkMode === network || endpoints.some((endpoint) => endpoint.network === network)) return true;
  }
  return false;
}
