// What the benchmarks need, by the same set-up as the tests': an engine, the images of busybox and of the tools that make load, a build.
import { loadScript } from '../test/support/script.ts';

/** Does nothing where all is there. Exits where something is missing that it cannot get: the set-up has said what. */
export async function setUp(): Promise<void> {
  const { runSetup } = await loadScript('setup/runner.mjs');
  const { testSteps } = await loadScript('setup/steps.mjs');
  const code = await runSetup(testSteps);
  if (code !== 0) process.exit(code);
}
