// Lab files on disk for the command, in a folder that goes after the test; their labs are cleared with them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defer } from './defer.ts';
import type { Cleanup } from './engine.ts';
import { clearLab, labName } from './labs.ts';

/** A server that is published, one joined to it, and one alone: with checks and an end. */
export const webLab = `
containers:
  web: { mode: open, command: [httpd, -f, -p, "2222"], ports: ["127.0.0.1::2222"], ready: [listens] }
  mate: { mode: joined, target: web }
  alone: { mode: closed }
checks:
  listens: { container: web, listens: 2222 }
  shared: { container: mate, sharesNamespaceWith: web }
  lo-only: { container: alone, interfaces: [lo] }
ttl: 2h
`;

export interface LabFiles {
  readonly folder: string;
  /** A new lab's name, and a file with this text that is called after it. */
  make(text: string): Promise<{ readonly name: string; readonly file: string }>;
}

export async function useLabFiles(cleanup: Cleanup): Promise<LabFiles> {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-labs-'));
  defer(cleanup, () => rm(folder, { recursive: true, force: true }));
  return {
    folder,
    async make(text) {
      const name = labName();
      defer(cleanup, () => clearLab(name));
      const file = path.join(folder, `${name}.yaml`);
      await writeFile(file, text);
      return { name, file };
    },
  };
}
