// The layer rule of docs/architecture.md, read off the imports of the tree. The linter has the same rule (biome.json);
// this test also holds what a list of forbidden patterns cannot say: which packages a pure folder may use at all.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { runCommand } from '../support/engine.ts';

interface Layer {
  /** Folder, relative to the project. */
  folder: string;
  /** Folders it may import from, itself among them; undefined: every folder but the forbidden ones. */
  allowed?: string[];
  forbidden?: string[];
  /** Packages and Node modules it may import; undefined: all but dockerode. */
  packages?: string[];
}

const dockerPackages = ['dockerode', 'docker-modem'];

/** The first entry whose folder holds a file judges it. */
const layers: Layer[] = [
  { folder: 'src/schemas', allowed: ['src/schemas'], packages: ['typebox', '@fastify/type-provider-typebox'] },
  // Both are pure: a parser, and a compiler of validators.
  { folder: 'src/domain/lab', allowed: ['src/domain', 'src/schemas'], packages: ['yaml', 'typebox/schema'] },
  { folder: 'src/domain/validation', allowed: ['src/domain', 'src/schemas'], packages: ['typebox/error'] },
  { folder: 'src/domain', allowed: ['src/domain', 'src/schemas'], packages: [] },
  { folder: 'src/engine', allowed: ['src/engine', 'src/domain', 'src/schemas'] },
  { folder: 'src/streams', allowed: ['src/streams', 'src/schemas'] },
  { folder: 'src/client', allowed: ['src/client', 'src/schemas'] },
  // All are pure: the check of daemon.json has to judge a file without a server as with one, a report is to be the same from both, and a tokens file is
  // written by the rules by which the server reads it.
  {
    folder: 'src/cli',
    allowed: [
      'src/cli',
      'src/client',
      'src/schemas',
      'src/domain/daemon-config',
      'src/domain/check-report',
      'src/domain/principals',
    ],
  },
  {
    folder: 'web/src',
    allowed: ['web/src', 'src/client', 'src/schemas'],
    packages: [
      'preact',
      'preact/hooks',
      '@preact/signals',
      'uplot',
      'uplot/dist/uPlot.min.css',
      '@xterm/xterm',
      '@xterm/xterm/css/xterm.css',
      '@xterm/addon-fit',
    ],
  },
  { folder: 'web', allowed: ['web'] },
  { folder: 'src/plugins', forbidden: ['src/engine'] },
  { folder: 'routes', forbidden: ['src/engine'] },
  { folder: 'src/services', forbidden: ['src/plugins', 'routes'] },
  { folder: 'src', forbidden: [] },
];

interface Source {
  file: string;
  text: string;
}

/** A word in quotes is none: `['from', 'container']`. */
const importStatement = /(?<!['"])\b(?:from|import)\s*\(?\s*['"]([^'"\n]+)['"]/g;

function isInside(file: string, folder: string): boolean {
  return file.startsWith(`${folder}/`);
}

/** Every import that breaks the rule, as "file imports what". */
function findViolations(sources: Source[]): string[] {
  return sources.flatMap(({ file, text }) => {
    const layer = layers.find(({ folder }) => isInside(file, folder));
    if (layer === undefined) return [`${file} belongs to no layer`];
    const imports = [...text.matchAll(importStatement)].map(([, name = '']) => name);
    return imports.filter((name) => !isAllowed(layer, file, name)).map((name) => `${file} imports ${name}`);
  });
}

function isAllowed(layer: Layer, file: string, name: string): boolean {
  if (name.startsWith('.')) {
    const target = path.posix.join(path.posix.dirname(file), name);
    if (layer.forbidden?.some((folder) => isInside(target, folder))) return false;
    return layer.allowed === undefined || layer.allowed.some((folder) => isInside(target, folder));
  }
  if (dockerPackages.includes(name)) return layer.folder === 'src/engine';
  return layer.packages === undefined || layer.packages.includes(name);
}

async function readSources(folder: string): Promise<Source[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') })));
}

test('every import of the tree keeps the layer rule', async () => {
  const sources = (await Promise.all(['src', 'routes', 'web'].map(readSources))).flat();
  assert.ok(sources.length > 20, `only ${sources.length} files were found: is this the project's folder?`);
  assert.deepEqual(findViolations(sources), []);
});

/** Imports that break the rule, one or more for each layer. */
const violations: [file: string, statement: string][] = [
  ['src/schemas/container.ts', "import { label } from '../domain/labels.ts';"],
  ['src/domain/ports/mapping.ts', "import { readFile } from 'node:fs/promises';"],
  ['src/domain/ports/mapping.ts', "import type { Engine } from '../../engine/engine.ts';"],
  ['src/domain/ports/mapping.ts', "import { createContainer } from '../../services/containers.ts';"],
  ['src/engine/engine.ts', "import { createContainer } from '../services/containers.ts';"],
  ['src/services/containers.ts', "import Docker from 'dockerode';"],
  ['src/app.ts', "import Docker from 'dockerode';"],
  ['src/streams/session.ts', "import type { Engine } from '../engine/engine.ts';"],
  ['src/plugins/auth.ts', "export type { Engine } from '../engine/engine.ts';"],
  ['routes/containers/create.ts', "const { connect } = await import('../../src/engine/engine.ts');"],
  ['src/client/client.ts', "import { createContainer } from '../services/containers.ts';"],
  ['src/cli/main.ts', "import { label } from '../domain/labels.ts';"],
  ['web/src/store/store.ts', "import { label } from '../../../src/domain/labels.ts';"],
];

for (const [file, statement] of violations) {
  test(`${file} may not say: ${statement}`, () => {
    assert.equal(findViolations([{ file, text: statement }]).length, 1);
  });
}

test('what the layers are for stays allowed', () => {
  const allowed: Source[] = [
    {
      file: 'src/engine/docker/engine.ts',
      text: "import Docker from 'dockerode';\nimport { x } from '../../domain/x.ts';",
    },
    { file: 'src/domain/ports/mapping.ts', text: "import { Failure } from '../../schemas/failure.ts';" },
    { file: 'src/cli/commands/daemon.ts', text: "await import('../../domain/daemon-config/check.ts');" },
    { file: 'routes/containers/create.ts', text: "import type { Services } from '../../src/services/services.ts';" },
  ];
  assert.deepEqual(findViolations(allowed), []);
});

test('the linter refuses the same imports', async (t) => {
  const root = await mkdtemp(path.join(os.tmpdir(), 'terrarium-layers-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  // The project's own configuration, on a tree of files that break the rule; there is no git to ask there.
  const config = JSON.parse(await readFile('biome.json', 'utf8'));
  await writeFile(path.join(root, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }));
  const written = violations.map(
    ([file, statement], index) => [file.replace('.ts', `-${index}.ts`), statement] as const,
  );
  for (const [file, statement] of written) {
    await mkdir(path.join(root, path.dirname(file)), { recursive: true });
    await writeFile(path.join(root, file), statement);
  }
  const { stdout } = await runCommand(
    path.resolve('node_modules/.bin/biome'),
    ['lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none', '.'],
    { cwd: root },
  );
  const report = JSON.parse(stdout) as { diagnostics: { location: { path: string } }[] };
  const refused = report.diagnostics.map(({ location }) => location.path);
  for (const [file, statement] of written) assert.ok(refused.includes(file), `biome accepts in ${file}: ${statement}`);
});
