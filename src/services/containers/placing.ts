// Where a container goes: to the engine that is named, to its target's, or to the one that its placement chooses among those that answer. What is
// being made counts as if it was there, so that many at once are spread too.
import type { Config } from '../../config.ts';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { isHelper } from '../../domain/container/managed.ts';
import { choosePlace, type PlaceCandidate, selectByLabels } from '../../domain/container/placement.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { CreateRequest, Placement } from '../../schemas/create.ts';
import type { Catalogue, Located } from '../catalogue.ts';
import { findUsable } from '../networks/network-finder.ts';
import { describeEngine } from './engine-policy.ts';
import { knowNetwork } from './known-network.ts';

export interface Placed {
  readonly mirror: EngineMirror;
  /** What it joins; null where it joins nothing. */
  readonly target: ContainerFacts | null;
  /** Why there, as a part of a sentence. */
  readonly reason: string;
  /** Nothing is being made there any more. */
  done(): void;
}

export interface Placing {
  /** Fails with `engine_not_found`, or as {@link choosePlace} does. */
  place(request: CreateRequest, engine: string | undefined): Promise<Placed>;
  /** The same, where its target has decided already. */
  follow(target: Located): Placed;
}

export function createPlacing({ config, catalogue }: { config: Config; catalogue: Catalogue }): Placing {
  const making = new Map<EngineMirror, number>();

  function hold(mirror: EngineMirror, reason: string, target: ContainerFacts | null = null): Placed {
    let isHeld = true;
    making.set(mirror, (making.get(mirror) ?? 0) + 1);
    return {
      mirror,
      target,
      reason,
      done() {
        if (isHeld) making.set(mirror, (making.get(mirror) ?? 1) - 1);
        isHeld = false;
      },
    };
  }

  function describe(mirror: EngineMirror, request: CreateRequest): PlaceCandidate {
    const { name } = mirror.engine;
    const running = [...mirror.containers()].filter((facts) => facts.state === 'running' && !isHelper(facts));
    return {
      name,
      labels: labelsOf(config, mirror),
      isLive: mirror.status().state === 'live',
      containers: running.length + (making.get(mirror) ?? 0),
      cpus: mirror.info?.cpus ?? null,
      refusal: findRefusal(mirror, request),
    };
  }

  function findRefusal(mirror: EngineMirror, request: CreateRequest): string | null {
    if (request.mode === 'open' && request.host === true) return describeEngine(config, mirror).hostRefusal;
    if (request.mode !== 'bridged' && request.mode !== 'open') return null;
    const { network } = request;
    return network === undefined || findUsable(catalogue, mirror, network) !== undefined
      ? null
      : `it has no network "${network}"`;
  }

  async function choose(request: CreateRequest, placement: Placement): Promise<Placed> {
    const places = catalogue.mirrors.map((mirror) => ({ mirror, labels: labelsOf(config, mirror) }));
    // One that is being met for the first time may have no answer yet: those that do not come into question are not waited for.
    await Promise.all(
      selectByLabels(placement, places).map(async ({ mirror }) => {
        await mirror.settled();
        // One that is away now is no place, whatever it has.
        if (mirror.status().state === 'live') await knowNetwork(catalogue, request, mirror).catch(() => {});
      }),
    );
    const { name, reason } = choosePlace(
      placement,
      catalogue.mirrors.map((mirror) => describe(mirror, request)),
    );
    return hold(catalogue.mirror(name), reason);
  }

  return {
    async place(request, engine) {
      const placement = request.mode === 'joined' ? undefined : request.placement;
      if (placement !== undefined) return choose(request, placement);
      const mirror = catalogue.mirror(engine);
      if (engine !== undefined) return hold(mirror, 'the request names it');
      const isOnly = catalogue.mirrors.length === 1;
      return hold(mirror, isOnly ? 'it is the only engine' : 'it is the first engine, and the request names none');
    },
    follow: ({ mirror, facts }) => hold(mirror, `its target "${facts.name}" is there`, facts),
  };
}

function labelsOf(config: Config, { engine }: EngineMirror): Readonly<Record<string, string>> {
  return config.engines.find(({ name }) => name === engine.name)?.labels ?? {};
}
