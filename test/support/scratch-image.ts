// An image without a shell: nothing in it but one program.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defer } from './defer.ts';
import { type Cleanup, createTestContainer, docker, removeContainer, runCommand } from './engine.ts';
import { uniqueName } from './run-id.ts';

/** Makes an image that holds `/bin/sleep` only (busybox under that name), and removes it after the test. Returns its reference. */
export async function createScratchImage(cleanup: Cleanup): Promise<string> {
  const image = `${uniqueName('scratch').toLowerCase()}:latest`;
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-scratch-'));
  try {
    const source = await createTestContainer(cleanup, { start: false });
    await mkdir(path.join(folder, 'root', 'bin'), { recursive: true });
    await run('docker', 'cp', '--follow-link', `${source.id}:/bin/busybox`, path.join(folder, 'root', 'bin', 'sleep'));
    await run(
      'tar',
      '--create',
      '--directory',
      path.join(folder, 'root'),
      '--file',
      path.join(folder, 'root.tar'),
      'bin',
    );
    defer(cleanup, () => removeImage(image));
    await run('docker', 'import', path.join(folder, 'root.tar'), image);
  } finally {
    await rm(folder, { recursive: true });
  }
  return image;
}

/** Steps of a test's end run in the order they were given: what was made of the image may still be there. */
async function removeImage(image: string): Promise<void> {
  const { stdout } = await docker('ps', '--all', '--quiet', '--filter', `ancestor=${image}`);
  for (const id of stdout.split('\n').filter((line) => line !== '')) await removeContainer(id);
  await docker('image', 'rm', image);
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runCommand(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
