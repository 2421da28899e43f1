// Translates the table of `ps` into processes. Pure. What this host's ps does not know or may not see stays unknown.
import type { ProcessFacts } from '../../domain/namespaces/process.ts';
import { type Inodes, namespaceKinds } from '../../schemas/namespaces.ts';
import type { TopJson } from './docker-json.ts';

/** Arguments of procps' `ps`: the inode of each namespace is a column of its own, named after the kind. */
export const namespaceColumns = `-o pid,${namespaceKinds.map((kind) => `${kind}ns`).join()}`;

export function readProcesses({ Titles, Processes }: TopJson): ProcessFacts[] {
  const columns = new Map((Titles ?? []).map((title, index) => [title.toLowerCase(), index]));
  const read = (row: readonly string[], column: string): number | null => {
    const text = row[columns.get(column) ?? -1] ?? '';
    return /^[1-9]\d*$/.test(text) ? Number(text) : null;
  };
  return (Processes ?? []).flatMap((row) => {
    const pid = read(row, 'pid');
    const inodes = Object.fromEntries(namespaceKinds.map((kind) => [kind, read(row, `${kind}ns`)])) as Inodes;
    return pid === null ? [] : [{ pid, inodes }];
  });
}
