// What the planner has to know of an engine: what it has, and what its configuration allows there.
import type { Config } from '../../config.ts';
import type { CreateContext } from '../../domain/container/create-planner.ts';
import type { EngineMirror } from '../../engine/mirror.ts';

/** Host mode is refused over plain tcp://, where whoever reaches the engine is its root, unless the engine's entry says `insecure`. */
export function describeEngine(config: Config, mirror: EngineMirror): CreateContext['engine'] {
  const { name, plainTcp } = mirror.engine;
  const insecure = config.engines.find((engine) => engine.name === name)?.insecure ?? false;
  return {
    name,
    cpus: mirror.info?.cpus || null,
    hostRefusal: plainTcp && !insecure ? 'it is reached over plain tcp://' : null,
  };
}
