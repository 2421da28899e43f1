// `npm run sbom` names what is shipped, no more and no less: held against npm's own view of the lockfile, and against what the dashboard imports.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { runCommand } from '../support/engine.ts';
import { loadScript } from '../support/script.ts';

const root = path.resolve(import.meta.dirname, '..', '..');

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly licenses: readonly { readonly license?: { readonly id: string }; readonly expression?: string }[];
  readonly hashes: readonly { readonly content: string }[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
  readonly [field: string]: unknown;
}

interface Inventory {
  readonly metadata: { readonly component: { readonly 'bom-ref': string } };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** Licences under which software may be shipped with ours, whatever is done with it. */
const permissive = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'Unlicense'];

async function run(program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(program, args, { cwd: root });
  assert.equal(code, 0, stderr);
  return stdout;
}

const text = await run(process.execPath, 'scripts/sbom.mjs');
const inventory = JSON.parse(text) as Inventory;
const isBundled = ({ properties = [] }: Component) => properties.some(({ name }) => name === 'terrarium:bundled-in');

interface NpmTree {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, NpmTree>>;
}

function* flatten({ dependencies = {} }: NpmTree): Iterable<string> {
  for (const [name, one] of Object.entries(dependencies)) {
    if (one.version !== undefined) yield `${name}@${one.version}`;
    yield* flatten(one);
  }
}

/** Of everything in the lockfile. (With `--omit=dev` it leaves out what a development dependency needs too, such as `ws`.) */
const theirs = JSON.parse(await run('npm', 'sbom', '--sbom-format=cyclonedx', '--package-lock-only')) as Inventory;
const needed = new Map(theirs.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));

test('it lists the production dependencies of the lockfile exactly, as npm sees them', async () => {
  const installed = inventory.components.filter((one) => !isBundled(one)).map((one) => one['bom-ref']);
  assert.ok(installed.length > 100);
  const tree = JSON.parse(await run('npm', 'ls', '--all', '--json', '--package-lock-only', '--omit=dev')) as NpmTree;
  assert.deepEqual(installed, [...new Set(flatten(tree))].sort());
});

test('it lists what the dashboard brings along, with all that this needs', async () => {
  const { bundledInDashboard } = await loadScript('sbom/inventory.mjs');
  const sources = (await readdir(path.join(root, 'web', 'src'), { recursive: true })).filter((name) =>
    /\.tsx?$/.test(name),
  );
  const imported = new Set<string>();
  for (const name of sources) {
    const source = await readFile(path.join(root, 'web', 'src', name), 'utf8');
    for (const [, fixed, dynamic] of source.matchAll(
      /^(?:.* from|import) '([@\w][^'\n]*)';$|import\('([@\w][^'\n]*)'\)/gm,
    ))
      imported.add(/^(@[^/]+\/)?[^/]+/.exec(fixed ?? dynamic ?? '')?.[0] ?? '');
  }
  assert.deepEqual([...imported].sort(), bundledInDashboard);
  const direct = needed.get(theirs.metadata.component['bom-ref']) ?? [];
  const reached = new Set(direct.filter((ref) => bundledInDashboard.includes(ref.slice(0, ref.lastIndexOf('@')))));
  for (const ref of reached) for (const next of needed.get(ref) ?? []) reached.add(next);
  assert.deepEqual(
    inventory.components.filter(isBundled).map((one) => one['bom-ref']),
    [...reached].sort(),
  );
});

test('of each it says what `npm sbom` says', async () => {
  const known = new Map(theirs.components.map((one) => [one['bom-ref'], one]));
  for (const ours of inventory.components) {
    const other = known.get(ours['bom-ref']);
    assert.ok(other, ours['bom-ref']);
    for (const field of ['name', 'version', 'type', 'purl', 'hashes'])
      assert.deepEqual(ours[field], other[field], `${ours['bom-ref']}: ${field}`);
    assert.equal(ours.hashes.length, 1, ours['bom-ref']);
  }
  const refs = new Set(inventory.components.map((one) => one['bom-ref']));
  for (const { ref, dependsOn } of inventory.dependencies)
    if (refs.has(ref))
      assert.deepEqual(
        dependsOn,
        needed
          .get(ref)
          ?.filter((one) => refs.has(one))
          .sort(),
        `${ref} depends on`,
      );
});

test('it is the same each time, and every licence lets others ship it', async () => {
  assert.equal(await run('npm', 'run', '--silent', 'sbom'), text);
  for (const { 'bom-ref': ref, licenses } of inventory.components) {
    const [licence] = licenses.map(({ license, expression }) => license?.id ?? expression);
    assert.ok(permissive.includes(licence ?? ''), `${ref} is under ${licence}`);
  }
});
