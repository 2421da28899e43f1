// Docker's own rules for encrypted overlays: they mark what belongs to such a network, and drop it where it comes in clear. Which network a packet of
// VXLAN belongs to they read from its contents, by a program that cannot be decided here.
import type { Rule, Ruleset } from './ruleset.ts';

/** The same without them: how packets of networks fare that are not encrypted. The very same object where there are none. */
export function withoutEncryption(ruleset: Ruleset): Ruleset {
  const all = [...ruleset.tables.values()].flatMap((chains) => [...chains.values()]);
  if (!all.some(({ rules }) => rules.some(isOfEncryption))) return ruleset;
  const tables = new Map(
    [...ruleset.tables].map(([table, chains]) => [
      table,
      new Map(
        [...chains].map(([name, chain]) => [
          name,
          { ...chain, rules: chain.rules.filter((rule) => !isOfEncryption(rule)) },
        ]),
      ),
    ]),
  );
  return { ...ruleset, tables };
}

/** Loads the identifier of the network from the header of VXLAN, and compares it (drivers/overlay/bpf.go). */
const vniProgram = /^"?7,32 0 0 4294963252,7 0 0 0,64 0 0 4,116 0 0 8,21 1 0 \d+,6 0 0 0,6 0 0 4294967295"?$/;

function isOfEncryption({ matches }: Rule): boolean {
  return matches.some(({ name, values }) => name === 'bpf:bytecode' && vniProgram.test(values.join(' ')));
}
