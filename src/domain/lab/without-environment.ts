// A lab file for who may look and no more: environment variables are where passwords are.
import type { LabFile } from '../../schemas/lab.ts';

/** The same file; its containers say nothing of their environment. */
export function withoutEnvironment(file: LabFile): LabFile {
  const containers = Object.entries(file.containers).map(([name, { env: _secret, ...shown }]) => [name, shown]);
  return { ...file, containers: Object.fromEntries(containers) };
}
