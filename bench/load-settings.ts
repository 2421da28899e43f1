// How long and how large a load is, from the environment, so that it can be tried short: what is reported says so.

/** Milliseconds: `TERRARIUM_BENCH_MINUTES`, or so many minutes. */
export function readDurationMs(minutes: number): number {
  return readNumber('TERRARIUM_BENCH_MINUTES', minutes) * 60_000;
}

/** So many, or a part of it: `TERRARIUM_BENCH_SCALE`, 0.1 for a tenth. */
export function scale(count: number): number {
  return Math.max(1, Math.round(count * readNumber('TERRARIUM_BENCH_SCALE', 1)));
}

function readNumber(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback);
  if (!(value > 0)) throw new Error(`${name} is "${process.env[name]}", and not a number above 0`);
  return value;
}
