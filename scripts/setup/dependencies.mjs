// Set-up step `dependencies`: node_modules holds what package-lock.json says. Install scripts of packages never run.
import { readFile } from 'node:fs/promises';
import { run } from './command.mjs';
import { projectPath, projectRoot } from './project.mjs';

/**
 * Compares what is locked with what npm says it installed (node_modules/.package-lock.json, npm's own record).
 * @param {{ packages?: Record<string, object> }} locked package-lock.json
 * @param {{ packages?: Record<string, object> } | undefined} installed the hidden lock file
 * @returns {string | undefined} the first package that differs; undefined when all match
 */
export function findDifference(locked, installed) {
  const want = locked.packages ?? {};
  const have = installed?.packages ?? {};
  for (const [location, entry] of Object.entries(want)) {
    if (location === '') continue;
    const found = have[location];
    // A package for another platform is locked but not installed.
    if (found === undefined && entry.optional === true) continue;
    if (found === undefined || found.version !== entry.version || found.integrity !== entry.integrity) return location;
  }
  return Object.keys(have).find((location) => want[location] === undefined);
}

async function readJson(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export const dependencies = {
  name: 'dependencies',
  async check() {
    const locked = (await readJson(projectPath('package-lock.json'))) ?? {};
    const difference = findDifference(locked, await readJson(projectPath('node_modules', '.package-lock.json')));
    if (difference === undefined)
      return { ok: true, detail: `${Object.keys(locked.packages ?? {}).length - 1} packages locked` };
    return {
      ok: false,
      missing: `npm packages (${difference}): npm ci --ignore-scripts`,
      plan: 'installing npm packages with npm ci',
    };
  },
  async apply() {
    await run('npm', ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: projectRoot });
  },
};
