// The fields of the log as the documentation has them.
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..', '..');

/** In the order of the table. */
export async function readLogFields(): Promise<string[]> {
  const text = await readFile(path.join(root, 'docs', 'operations.md'), 'utf8');
  const table = /<!-- log-fields:begin -->(.*?)<!-- log-fields:end -->/s.exec(text)?.[1] ?? '';
  const cells = table.split('\n').map((line) => /^\| (`[^|]*) \|/.exec(line)?.[1] ?? '');
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ''));
}
