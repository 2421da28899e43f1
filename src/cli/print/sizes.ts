// Numbers for people. Pure.

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `4.26MB`, in powers of ten, as docker shows sizes. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${Number(value.toPrecision(3))}${units[unit]}`;
}

/** `3 minutes`: since that time, in its largest unit. */
export function formatAge(since: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1_000));
  const [name, size] = (
    [
      ['day', 86_400],
      ['hour', 3_600],
      ['minute', 60],
    ] as const
  ).find(([, length]) => seconds >= length) ?? ['second', 1];
  const count = Math.floor(seconds / size);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** `in 2 hours`: until that time, in its largest unit. */
export function formatTimeLeft(until: string, now: number): string {
  return Date.parse(until) <= now ? 'now' : `in ${formatAge(new Date(now).toISOString(), Date.parse(until))}`;
}
