// Measures the CPU time of a piece of work, so that a test can compare two of them: a slow machine makes both larger.

/** Milliseconds of CPU time that the work takes. One call says little below some milliseconds: the first one compiles, and any may collect garbage. */
export function cpuMsOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
