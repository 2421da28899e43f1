// Labs over several engines for property tests: a generated lab, its networks made bridges of one engine or overlays of all, its containers put where
// they then can be.

import type { LabContainer, LabFile, LabNetwork } from '../../src/schemas/lab.ts';
import fc from './fast-check.ts';
import { labFile } from './generated-labs.ts';

/** The first is the home, and the manager of their Swarm. */
export const spreadEngines = ['left', 'right', 'third'] as const;

const picks = fc.array(fc.nat(1_000), { minLength: 12, maxLength: 12 });

export const spreadLabFile: fc.Arbitrary<LabFile> = fc.tuple(labFile, picks).map(([file, numbers]) => {
  let at = 0;
  const pick = <T>(choices: readonly T[]): T => {
    at += 1;
    return choices[(numbers[at % numbers.length] ?? 0) % choices.length] as T;
  };
  const networks: Record<string, LabNetwork | null> = {};
  for (const [name, spec] of Object.entries(file.networks ?? {})) {
    const engine = pick([undefined, ...spreadEngines]);
    networks[name] =
      pick([true, false]) === true ? { ...spec, driver: 'overlay' } : engine === undefined ? spec : { ...spec, engine };
  }
  const containers: Record<string, LabContainer> = {};
  for (const [name, container] of Object.entries(file.containers)) {
    const engine = chooseEngine(container, networks, () => pick([undefined, ...spreadEngines]));
    containers[name] = engine === undefined ? container : { ...container, engine };
  }
  return { ...file, networks, containers };
});

function chooseEngine(
  container: LabContainer,
  networks: Readonly<Record<string, LabNetwork | null>>,
  any: () => string | undefined,
): string | undefined {
  if (container.mode === 'joined') return undefined;
  if (container.mode === 'closed' || (container.mode === 'open' && container.host === true)) return any();
  const network = networks[container.network ?? 'default'];
  return network?.driver === 'overlay' ? any() : network?.engine;
}
