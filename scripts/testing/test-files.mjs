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

/** Those that try far more in a sweep: they ask for it by its name. @param {string[]} files @returns {Promise<string[]>} */
export async function selectSweeps(files) {
  const asks = await Promise.all(
    files.map(async (file) => (await readFile(projectPath(file), 'utf8')).includes('TERRARIUM_SWEEP')),
  );
  return files.filter((_, index) => asks[index]);
}
