// Memory of processes that share pages: proportional set size, so that fifty copies of one program are not counted fifty times.
import { readFile } from 'node:fs/promises';

/** Bytes of all of them together (Pss of /proc/PID/smaps_rollup); who is gone counts nothing. */
export async function readPss(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
      return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
