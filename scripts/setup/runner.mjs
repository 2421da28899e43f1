// Runs set-up steps in order and tells about each in one line. It knows no step by name.
import process from 'node:process';
import { SetupError } from './setup-error.mjs';

/** True when the set-up may only look: TERRARIUM_NO_INSTALL is set to anything but "" or "0". */
export function isCheckOnly(env = process.env) {
  return !['', '0', 'false'].includes(env.TERRARIUM_NO_INSTALL ?? '');
}

/**
 * Runs the steps; stops at the first that fails. When only checking, looks at every step first and then
 * names all that is missing in one line.
 * @param {import('./steps.mjs').Step[]} steps
 * @returns {Promise<number>} the exit code: 0 when everything is there, else 1
 */
export async function runSetup(steps) {
  return isCheckOnly() ? checkSteps(steps) : applySteps(steps);
}

async function applySteps(steps) {
  for (const step of steps) {
    try {
      const verdict = await step.check();
      if (verdict.ok) {
        say(`${step.name}: already there (${verdict.detail})\n`);
        continue;
      }
      say(`${step.name}: ${verdict.plan} …`);
      const startedAt = performance.now();
      await step.apply();
      process.stdout.write(` done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
    } catch (error) {
      return fail(step, error);
    }
  }
  return 0;
}

async function checkSteps(steps) {
  const missing = [];
  for (const step of steps) {
    try {
      const verdict = await step.check();
      say(`${step.name}: ${verdict.ok ? `there (${verdict.detail})` : `missing ${verdict.missing}`}\n`);
      if (!verdict.ok) missing.push(verdict.missing);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      say(`${step.name}: ${error.message}\n`);
      missing.push(error.message);
    }
  }
  if (missing.length === 0) return 0;
  process.stderr.write(`setup: TERRARIUM_NO_INSTALL is set, so nothing was changed; missing: ${missing.join('; ')}\n`);
  return 1;
}

function say(text) {
  process.stdout.write(`setup ${text}`);
}

function fail(step, error) {
  process.stdout.write('\n');
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`setup: ${step.name}: ${error.message}\n`);
  return 1;
}
