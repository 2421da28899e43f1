// Where the project's own files are, from the sources as from dist/. It reads nothing but that.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of package.json. */
export const projectRoot = findRoot(import.meta.dirname);

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('terrarium is not complete: there is no package.json above its code');
  return findRoot(parent);
}
