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
      const texts = await readWithImports(file);
      return texts.some((text) => /process\.env\.TERRARIUM_SWEEP\b/.test(text));
    }),
  );
  return files.filter((_, index) => asks[index]);
}

/** The texts of a test file and of all that it imports from test/. @param {string} file @returns {Promise<string[]>} */
async function readWithImports(file) {
  const texts = [];
  const names = new Set([file]);
  // Grows while it is walked.
  for (const name of names) {
    const text = await readFile(projectPath(name), 'utf8').catch(() => '');
    texts.push(text);
    for (const [, imported = ''] of text.matchAll(/ from '(\.[^']+\.ts)'/g)) {
      const target = path.join(path.dirname(name), imported);
      if (target.startsWith(`test${path.sep}`)) names.add(target);
    }
  }
  return texts;
}
