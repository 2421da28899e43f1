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
 * Those that try far more in a sweep: they, or what they import of the tests' own, ask whether this is one.
 * @param {string[]} files @returns {Promise<string[]>}
 */
export async function selectSweeps(files) {
  const asks = await Promise.all(
    files.map(async (file) => {
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
