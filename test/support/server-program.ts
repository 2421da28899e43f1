// What runs the server as a process of its own: the build, as it ships, where that is of these very sources; else the sources.
import path from 'node:path';
import { loadScript } from './script.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
let known: readonly string[] | undefined;

/** Arguments of node. Other options of node's may come before them. */
export async function findServerProgram(): Promise<readonly string[]> {
  // Its value is kept and not its promise: who awaits a promise of another test's is that other test to node:test, and so are its hooks.
  known ??= await choose();
  return known;
}

async function choose(): Promise<readonly string[]> {
  const { build } = await loadScript('setup/build.mjs');
  if ((await build.check()).ok) return [path.join(root, 'dist', 'src', 'main.js')];
  return ['--import', 'tsx', path.join(root, 'src', 'main.ts')];
}
