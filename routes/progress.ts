// Turns work that tells its progress into what can be sent as it comes: of progress that nobody has read yet the last word is enough.

/** Runs the work and yields what it tells, then its result. Fails as the work does. */
export async function* tellProgress<Progress, Result>(
  work: (tell: (progress: Progress) => void) => Promise<Result>,
): AsyncGenerator<readonly (Progress | Result)[]> {
  let last: Progress | undefined;
  let wake = () => {};
  const result = work((progress) => {
    last = progress;
    wake();
  });
  // Awaited below: until then a failure is nobody's surprise.
  result.catch(() => {});
  const end = result.then(
    () => true,
    () => true,
  );
  for (;;) {
    const news = new Promise<boolean>((resolve) => {
      wake = () => resolve(false);
    });
    if (last !== undefined) {
      const told = last;
      last = undefined;
      yield [told];
      continue;
    }
    if (await Promise.race([end, news])) break;
  }
  yield [await result];
}
