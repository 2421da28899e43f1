// Command line of the set-up: `node scripts/setup.mjs [step …]`. It runs before node_modules exists,
// so nothing under scripts/setup may import a package.
import process from 'node:process';
import { runSetup } from './setup/runner.mjs';
import { findStep, startSteps, stepNames } from './setup/steps.mjs';

const usage = `Usage: node scripts/setup.mjs [step …]

Runs the named set-up steps, or those that \`npm start\` needs. Each one does nothing when its work is done already.

Steps: ${stepNames().join(', ')}

Environment:
  DOCKER_HOST             the engine to use (unix:// or tcp://); it is never started for you
  TERRARIUM_NO_INSTALL=1  check and report only: nothing is installed, built, pulled or started`;

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  console.log(usage);
} else {
  const unknown = args.filter((name) => findStep(name) === undefined);
  if (unknown.length > 0) {
    console.error(`setup: unknown step "${unknown[0]}". Steps: ${stepNames().join(', ')}`);
    process.exitCode = 2;
  } else {
    process.exitCode = await runSetup(args.length > 0 ? args.map(findStep) : startSteps);
  }
}
