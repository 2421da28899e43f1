// The list of set-up steps, in the order they depend on each other. A step is `{ name, check, apply }`:
// `check` only looks, `apply` is called when something was missing.
import { build } from './build.mjs';
import { dependencies } from './dependencies.mjs';
import { engine } from './engine.mjs';
import { image } from './image.mjs';
import { nodeVersion } from './node-version.mjs';

/**
 * @typedef {{ ok: true, detail: string } | { ok: false, missing: string, plan: string }} Verdict
 *   `missing` completes "missing: …", `plan` says what `apply` is about to do.
 * @typedef {{ name: string, check: () => Promise<Verdict>, apply: () => Promise<void> }} Step
 */

/** What `npm start` needs, in order. @type {Step[]} */
export const startSteps = [nodeVersion, dependencies, build, engine, image];

/** Every step that can be named on the command line. @type {Step[]} */
const allSteps = [...startSteps];

/** @param {string} name @returns {Step | undefined} */
export function findStep(name) {
  return allSteps.find((step) => step.name === name);
}

/** @returns {string[]} */
export function stepNames() {
  return allSteps.map((step) => step.name);
}
