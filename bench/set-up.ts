// What the benchmarks need, by the same set-up as the tests': an engine, the images of busybox and of the tools that make load, a build.

/** Does nothing where all is there. Exits where something is missing that it cannot get: the set-up has said what. */
export async function setUp(): Promise<void> {
  const load = (name: string) => import(new URL(`../scripts/setup/${name}`, import.meta.url).href);
  const { runSetup } = await load('runner.mjs');
  const { testSteps } = await load('steps.mjs');
  const code = await runSetup(testSteps);
  if (code !== 0) process.exit(code);
}
