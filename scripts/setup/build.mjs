// Set-up step `build`: dist/ is what tsc makes of the server's sources as they are now, esbuild of its programs, and vite of the dashboard's. Nothing else
// writes there.
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { capture } from './command.mjs';
import { projectPath, projectRoot } from './project.mjs';
import { SetupError } from './setup-error.mjs';

const inputs = [
  'package-lock.json',
  'routes',
  'scripts/bundle.mjs',
  'scripts/setup/bundling.mjs',
  'src',
  'tsconfig.build.json',
  'tsconfig.json',
  'web',
];
const stamp = projectPath('dist', '.built-from');

/**
 * One hash of names and contents of everything the build reads.
 * @param {string} root
 * @param {string[]} entries files and folders below it; what is absent is left out
 */
export async function hashFiles(root, entries) {
  const hash = createHash('sha256');
  for (const file of (await Promise.all(entries.map((entry) => listFiles(path.join(root, entry))))).flat().sort()) {
    const content = await readFile(file);
    hash.update(`${path.relative(root, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

async function listFiles(entry) {
  try {
    const found = await readdir(entry, { recursive: true, withFileTypes: true });
    return found.filter((item) => item.isFile()).map((item) => path.join(item.parentPath ?? item.path, item.name));
  } catch (error) {
    if (error.code === 'ENOTDIR') return [entry];
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** The compiler's first error, and how many there are: the rest is a command away. @param {string} output */
export function describeErrors(output) {
  const errors = output.split('\n').filter((line) => /\berror TS\d+:/.test(line));
  const first = (errors[0] ?? output.trim()).slice(0, 300);
  return `the sources do not compile (${errors.length} errors; npm run typecheck shows all): ${first}`;
}

async function readStamp() {
  try {
    return await readFile(stamp, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function bundle(what, args) {
  const { code, stdout, stderr } = await capture(process.execPath, args, { cwd: projectRoot });
  if (code === 0) return;
  const said = `${stderr}${stdout}`.trim().split('\n').slice(0, 3).join(' ').slice(0, 300);
  throw new SetupError(`${what} cannot be built (npm run build shows all): ${said}`);
}

export const build = {
  name: 'build',
  async check() {
    const current = await hashFiles(projectRoot, inputs);
    if ((await readStamp()) === current) return { ok: true, detail: 'dist/ is up to date' };
    return {
      ok: false,
      missing: 'an up-to-date build: npm run build',
      plan: 'building src/, routes/ and web/ to dist/',
    };
  },
  async apply() {
    const current = await hashFiles(projectRoot, inputs);
    // A file that was renamed would leave its old JavaScript behind.
    await rm(projectPath('dist'), { recursive: true, force: true });
    const tsc = projectPath('node_modules', 'typescript', 'bin', 'tsc');
    // `npm test` and `npm run typecheck` check the types: that takes longer than all the rest here.
    const args = [tsc, '-p', 'tsconfig.build.json', '--noCheck', '--pretty', 'false'];
    const { code, stdout, stderr } = await capture(process.execPath, args, { cwd: projectRoot });
    if (code !== 0) throw new SetupError(describeErrors(`${stdout}${stderr}`));
    await bundle('the server', [projectPath('scripts', 'bundle.mjs')]);
    const vite = projectPath('node_modules', 'vite', 'bin', 'vite.js');
    await bundle('the dashboard', [vite, 'build', 'web', '--logLevel', 'warn']);
    await writeFile(stamp, current);
  },
};
