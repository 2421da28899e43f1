// Generated input for differential tests: spoils well-formed strings a little, so that most cases lie near the border between right
// and wrong, and runs many cases side by side.
import fc from './fast-check.ts';
import { seed } from './seeded.ts';

/** Mostly `valid` as it is, else with one to three random edits made with characters of `alphabet`, else garbage of them. */
export function withMistakes(valid: fc.Arbitrary<string>, alphabet: string): fc.Arbitrary<string> {
  const character = fc.constantFrom(...alphabet);
  const edit = fc.record({ at: fc.nat(60), kind: fc.constantFrom('insert', 'delete', 'replace', 'double'), character });
  const spoiled = fc
    .tuple(valid, fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([text, edits]) => edits.reduce(applyEdit, text));
  const garbage = fc.array(character, { maxLength: 12 }).map((characters) => characters.join(''));
  return fc.oneof(
    { weight: 7, arbitrary: valid },
    { weight: 5, arbitrary: spoiled },
    { weight: 1, arbitrary: garbage },
  );
}

function applyEdit(text: string, { at, kind, character }: { at: number; kind: string; character: string }): string {
  const characters = [...text];
  const index = at % (characters.length + 1);
  if (kind === 'insert') characters.splice(index, 0, character);
  if (kind === 'delete') characters.splice(index, 1);
  if (kind === 'replace') characters.splice(index, 1, character);
  if (kind === 'double') characters.splice(index, 0, ...characters.slice(index, index + 1));
  return characters.join('');
}

/** The number of cases, which `TERRARIUM_TEST_CASES` overrides, and the seed of the run. */
export function differentialRun(cases: number): { cases: number; seed: number } {
  return { cases: Number(process.env.TERRARIUM_TEST_CASES || cases), seed };
}

/** Distinct values of the arbitrary; the same for the same seed. */
export function sampleDistinct(
  arbitrary: fc.Arbitrary<string>,
  { cases, seed }: { cases: number; seed: number },
): string[] {
  const found = new Set<string>();
  for (let round = 0; found.size < cases && round < 20; round += 1) {
    for (const value of fc.sample(arbitrary, { numRuns: cases, seed: seed + round })) {
      if (found.size < cases) found.add(value);
    }
  }
  return [...found];
}

/** Does the work for every item, `width` at a time. */
export async function forEachParallel<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  width = 4,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
