// The engines as a caller may see them: where they are, how well they are known, and what can be done there, with reasons.
import type { Config } from '../config.ts';
import type { EngineMirror } from '../engine/mirror.ts';
import type { Capability, EngineView } from '../schemas/engine.ts';
import { authorize, maySee, type Principal } from './access.ts';
import type { Catalogue } from './catalogue.ts';
import { judgeOverlay, showSwarm } from './swarms.ts';

export interface Engines {
  list(principal: Principal): EngineView[];
  /** Fails with `engine_not_found`. */
  get(principal: Principal, name: string): EngineView;
}

export interface EnginesParts {
  readonly config: Config;
  readonly catalogue: Catalogue;
  /** Who looks into namespaces there, and why so. */
  readonly observerOf: (mirror: EngineMirror) => { readonly via: 'probe' | 'helper'; readonly reason: string | null };
}

export function createEngines({ config, catalogue, observerOf }: EnginesParts): Engines {
  function view(principal: Principal, mirror: EngineMirror): EngineView {
    const { engine, info } = mirror;
    const { settled: _, ...standing } = mirror.status();
    const writes: Capability =
      standing.state === 'stale'
        ? { available: false, reason: 'The engine does not answer' }
        : { available: true, reason: null };
    return {
      name: engine.name,
      ...standing,
      endpoint: engine.endpoint,
      transport: engine.transport,
      labels: { ...config.engines.find(({ name }) => name === engine.name)?.labels },
      version: info?.version ?? null,
      apiVersion: info?.apiVersion ?? null,
      os: info?.os ?? null,
      arch: info?.arch ?? null,
      kernel: info?.kernel ?? null,
      cpus: info?.cpus ?? null,
      memory: info?.memory ?? null,
      containers: [...mirror.containers()].filter((facts) => maySee(principal, { kind: 'container', facts })).length,
      swarm: showSwarm(catalogue.mirrors, mirror),
      capabilities: {
        observer: writes.available
          ? { available: true, ...observerOf(mirror) }
          : { ...writes, via: observerOf(mirror).via },
        hostMode: judgeHostMode(mirror, config),
        overlay: judgeOverlay(catalogue.mirrors, mirror),
        rules: judgeRules(mirror, config),
        writes,
      },
    };
  }

  return {
    list(principal) {
      return catalogue.mirrors.map((mirror) => {
        authorize(principal, 'list', { kind: 'engine', name: mirror.engine.name });
        return view(principal, mirror);
      });
    },
    get(principal, name) {
      const mirror = catalogue.mirror(name);
      authorize(principal, 'get', { kind: 'engine', name });
      return view(principal, mirror);
    },
  };
}

/** Can a container share the host's network namespace there? */
function judgeHostMode(mirror: EngineMirror, config: Config): Capability {
  const isInsecure = config.engines.some(({ name, insecure }) => name === mirror.engine.name && insecure);
  if (mirror.engine.plainTcp && !isInsecure)
    return {
      available: false,
      reason:
        'The engine is reached over plain tcp://; "insecure: true" in the file of engines, or TERRARIUM_INSECURE_ENGINE=true, allows it',
    };
  return judgeHostNamespace(mirror);
}

/** Can the packet filter of its host be read? */
function judgeRules(mirror: EngineMirror, config: Config): Capability {
  if (config.rules === 'off')
    return { available: false, reason: 'The policy TERRARIUM_RULES=off lets nobody read the rules of the host' };
  return judgeHostNamespace(mirror);
}

function judgeHostNamespace({ info }: EngineMirror): Capability {
  if (info?.securityOptions.some((option) => option.startsWith('name=userns')) === true)
    return { available: false, reason: 'The engine remaps users, and then shares no namespace of the host' };
  return { available: true, reason: null };
}
