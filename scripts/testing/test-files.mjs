// Finds the test files. `node --test` without files finds none of ours and calls that a success, so they are named.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { projectPath, projectRoot } from '../setup/project.mjs';

/** @returns {Promise<string[]>} paths relative to the project */
export async function findTestFiles() {
  const found = await readdir(projectPath('test'), { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => path.relative(projectRoot, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

/**
 * @param {string[]} files
 * @param {string[]} filters paths of files or folders as typed (`test/unit`, `./test/unit/`); none: all
 */
export function selectFiles(files, filters) {
  if (filters.length === 0) return files;
  const wanted = filters.map((filter) => path.relative(projectRoot, path.resolve(projectRoot, filter)));
  return files.filter((file) =>
    wanted.some((start) => file === start || file.startsWith(`${start}${path.sep}`) || start === ''),
  );
}

/**
 * The lanes of a run. A test file names its lane in its first line, `// @lane quiet`; without that line it is in the lane `parallel`.
 *
 * - `parallel`: beside others
 * - `quiet`: after all others, one file at a time. For files that assert a time, a rate, a share of CPU, or an order of events in time
 * - `sweep`: only in `npm run test:sweep`, and there beside others
 */
const lanes = ['parallel', 'quiet', 'sweep'];

/** @param {string} text of a test file @returns {string} its lane @throws {Error} a lane that does not exist */
export function readLane(text) {
  const lane = /^\/\/ @lane (.*)/.exec(text)?.[1]?.trim() ?? 'parallel';
  if (!lanes.includes(lane)) throw new Error(`there is no lane "${lane}": use one of ${lanes.join(', ')}`);
  return lane;
}

/** @param {string[]} files @returns {Promise<Map<string, string>>} the lane of each file @throws {Error} a file names a lane that does not exist */
export async function readLanes(files) {
  const entries = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(projectPath(file), 'utf8');
      try {
        return /** @type {const} */ ([file, readLane(text)]);
      } catch (error) {
        throw new Error(`${file}: ${error.message}`);
      }
    }),
  );
  return new Map(entries);
}

/**
 * The files of the lane `sweep`, and those that try more inputs in a sweep: their text, or what they import from test/, reads TERRARIUM_SWEEP.
 * @param {string[]} files @param {ReadonlyMap<string, string>} laneOf @returns {Promise<string[]>}
 */
export async function selectSweeps(files, laneOf) {
  const asks = await Promise.all(
    files.map(async (file) => {
      if (laneOf.get(file) === 'sweep') return true;
      const read = await readWithImports(file);
      return [...read.values()].some((text) => /process\.env\.TERRARIUM_SWEEP\b/.test(text));
    }),
  );
  return files.filter((_, index) => asks[index]);
}

/** What asks an engine, or runs scripts of the set-up. */
const impure = ['engine.ts', 'script.ts'].map((name) => path.join('test', 'support', name));

/** Those of functions alone: they need no engine and no tool. @param {string[]} files @returns {Promise<string[]>} */
export async function selectPure(files) {
  const units = files.filter((file) => file.startsWith(path.join('test', 'unit', path.sep)));
  const isPure = await Promise.all(
    units.map(async (file) => {
      const read = await readWithImports(file);
      return !impure.some((name) => read.has(name));
    }),
  );
  return units.filter((_, index) => isPure[index]);
}

/** A test file and all that it imports from test/: the text of each. @param {string} file @returns {Promise<Map<string, string>>} */
async function readWithImports(file) {
  const read = new Map([[file, '']]);
  // Grows while it is walked.
  for (const name of read.keys()) {
    const text = await readFile(projectPath(name), 'utf8').catch(() => '');
    read.set(name, text);
    for (const [, imported = ''] of text.matchAll(/ from '(\.[^']+\.ts)'/g)) {
      const target = path.join(path.dirname(name), imported);
      if (target.startsWith(`test${path.sep}`) && !read.has(target)) read.set(target, '');
    }
  }
  return read;
}
