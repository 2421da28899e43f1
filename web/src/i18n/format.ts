// Numbers and times in the current language. Reads the signal of the language, so whoever shows one is drawn anew with it.
import { language } from '../preferences.ts';

const locale = () => (language.value === 'zh' ? 'zh-CN' : 'en-GB');
const cache = new Map<string, Intl.DateTimeFormat>();

/** 14:05:09 */
export function formatTime(time: string | number): string {
  const key = `${locale()} time`;
  const format =
    cache.get(key) ?? new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  cache.set(key, format);
  return format.format(new Date(time));
}

/** The day too. */
export function formatDateTime(time: string | number): string {
  return new Date(time).toLocaleString(locale());
}

/** 3 s, 12 min, 2 h 5 min: the two largest units. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  const [day, hour, minute, second] = language.value === 'zh' ? ['天', '小时', '分', '秒'] : ['d', 'h', 'min', 's'];
  const units = [
    [Math.floor(seconds / 86_400), day],
    [Math.floor(seconds / 3_600) % 24, hour],
    [Math.floor(seconds / 60) % 60, minute],
    [seconds % 60, second],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  if (first === -1) return `0 ${second}`;
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** 0 B/s, 1.2 kB/s, 34 MB/s. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** 0 B, 1.2 kB, 34 MB: thousands, as network rates are told. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
