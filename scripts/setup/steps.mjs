// The list of set-up steps, in the order they depend on each other. A step is `{ name, check, apply }`:
// `check` only looks, `apply` is called when something was missing.
import process from 'node:process';
import { build } from './build.mjs';
import { dependencies } from './dependencies.mjs';
import { engine } from './engine.mjs';
import { image } from './image.mjs';
import { nodeVersion } from './node-version.mjs';
import { testBase } from './test-base.mjs';
import { testTools } from './test-tools.mjs';

/**
 * @typedef {{ ok: true, detail: string } | { ok: false, missing: string, plan: string }} Verdict
 *   `missing` completes "missing: …", `plan` says what `apply` is about to do.
 * @typedef {{ name: string, check: () => Promise<Verdict>, apply: () => Promise<void> }} Step
 */

/** What a server beside its own engine needs, in order. @type {Step[]} */
export const startSteps = [nodeVersion, dependencies, build, engine, image];

/**
 * What `npm start` needs. Engines that are named in a file, or that TLS or SSH leads to, are somebody's to look after: the server waits for them, and
 * says of each why it cannot be reached.
 * @param {Record<string, string | undefined>} [env]
 * @returns {Step[]}
 */
export function chooseStartSteps(env = process.env) {
  const isSet = (name) => (env[name] ?? '') !== '';
  const isElsewhere =
    isSet('TERRARIUM_ENGINES_FILE') || isSet('DOCKER_TLS_VERIFY') || /^ssh:/i.test(env.DOCKER_HOST ?? '');
  return isElsewhere ? startSteps.filter((step) => step !== engine && step !== image) : startSteps;
}

/** What `npm test` needs: the same, and what only tests use. @type {Step[]} */
export const testSteps = [...startSteps, testTools, testBase];

/** @param {string} name @returns {Step | undefined} */
export function findStep(name) {
  return testSteps.find((step) => step.name === name);
}

/** @returns {string[]} */
export function stepNames() {
  return testSteps.map((step) => step.name);
}
