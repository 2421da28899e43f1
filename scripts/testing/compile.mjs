// Compiles the tests, and what they test, once for a whole run, packages included: to find, read and compile a thousand files costs each of 200 processes
// more than most of their tests do. It checks no types: the run does that beside.
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundling } from '../setup/bundling.mjs';
import { projectPath, projectRoot } from '../setup/project.mjs';

const folder = projectPath('.test-build');

/** Our own package, whose exports are tested as built, and those that look for files beside themselves. */
const kept = [
  'terrarium',
  'terrarium/*',
  'esbuild',
  'playwright-core',
  '@asyncapi/parser',
  '@seriousme/openapi-schema-validator',
];

/** @param {string[]} files relative to the project @returns {Promise<(file: string) => string>} where the compiled form of a test file is */
export async function compileTests(files) {
  // This module is loaded before there are packages.
  const { build } = await import('esbuild');
  // A file that was renamed would leave its old JavaScript behind.
  await rm(folder, { recursive: true, force: true });
  await build({
    ...bundling,
    absWorkingDir: projectRoot,
    entryPoints: files,
    outbase: projectRoot,
    outdir: folder,
    external: kept,
    plugins: [placing],
  });
  return (file) => path.join(folder, file.replace(/\.ts$/, '.js'));
}

/** Our own modules believe that they are where their sources are. */
const placing = {
  name: 'placing',
  setup({ onLoad }) {
    onLoad({ filter: /\.m?[jt]s$/ }, async ({ path: source }) => {
      if (source.includes(`${path.sep}node_modules${path.sep}`)) return undefined;
      const loader = source.endsWith('ts') ? 'ts' : 'js';
      return { contents: placeModule(await readFile(source, 'utf8'), source), loader };
    });
  },
};

/** The module, believing that it is where its source is: tests find their files from there. @param {string} text @param {string} source */
export function placeModule(text, source) {
  const values = { dirname: path.dirname(source), filename: source, url: pathToFileURL(source).href };
  return text.replace(/\bimport\.meta\.(dirname|filename|url)\b/g, (_, name) => JSON.stringify(values[name]));
}
