// An image that tests build on the engine once and that stays there: its layers make the next build a matter of a second.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from './engine.ts';

/** Builds it from the text of a Dockerfile. In a folder: of one that comes by stdin the docker command leaves files behind. */
export async function buildKeptImage(image: string, dockerfile: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-test-'));
  try {
    await writeFile(path.join(folder, 'Dockerfile'), dockerfile);
    const built = await runCommand('docker', ['build', '--tag', image, folder], { timeoutMs: 280_000 });
    assert.equal(built.code, 0, built.stderr.slice(-3_000));
  } finally {
    await rm(folder, { recursive: true });
  }
}
