// Where the project lies on disk. Nothing here reads or writes.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const projectRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Absolute path of something in the repository. @param {string[]} parts */
export function projectPath(...parts) {
  return path.join(projectRoot, ...parts);
}
