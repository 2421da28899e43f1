// A small disk of a test's own that can be filled to the last byte, and freed again: a tmpfs, on this machine or under a private engine's data.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defer } from './defer.ts';
import { type Cleanup, runCommand } from './engine.ts';
import type { PrivateEngine } from './private-engine.ts';

export interface SmallDisk {
  readonly folder: string;
  /** Leaves not a byte. */
  fill(): Promise<void>;
  free(): Promise<void>;
}

/** For `prepare` of a private engine: its data is on a disk of so many megabytes. */
export function onSmallDisk(megabytes: number): readonly string[] {
  return ['mkdir -p "$FOLDER/data"', `mount -t tmpfs -o size=${megabytes}m tmpfs "$FOLDER/data"`];
}

/** The disk that {@link onSmallDisk} gave to an engine, seen past its mount namespace. */
export function diskOf({ pid, socket }: PrivateEngine): SmallDisk {
  return disk(path.join(`/proc/${pid}/root`, path.dirname(socket), 'data'));
}

/** One on this machine, taken away after the test. */
export async function mountSmallDisk(cleanup: Cleanup, megabytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-disk-'));
  await run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', folder);
  defer(cleanup, async () => {
    await run('umount', folder);
    await rm(folder, { recursive: true, force: true });
  });
  return disk(folder);
}

function disk(folder: string): SmallDisk {
  const filler = path.join(folder, `filler-${randomBytes(4).toString('hex')}`);
  return {
    folder,
    async fill() {
      // It ends with an error: the disk is full.
      await runCommand('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']);
      await runCommand('dd', ['if=/dev/zero', `of=${filler}`, 'bs=512', 'oflag=append', 'conv=notrunc']);
      const refused = await writeFile(`${filler}-more`, Buffer.alloc(4_096)).then(
        () => 'nothing',
        ({ code }: NodeJS.ErrnoException) => code,
      );
      if (refused !== 'ENOSPC') throw new Error(`${folder} is not full: a write met ${refused}`);
      await stat(filler);
    },
    async free() {
      for (const file of [filler, `${filler}-more`]) await rm(file, { force: true });
    },
  };
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runCommand(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.trim()}`);
}
