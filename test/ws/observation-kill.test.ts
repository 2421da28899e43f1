// A server that is killed by SIGKILL leaves no helper: they end with their stdin, and the engine removes them. Of probes nothing-left.test.ts proves it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { testToken } from '../support/app.ts';
import { createTestContainer } from '../support/engine.ts';
import { listHelpers } from '../support/observed.ts';
import { findServerProgram } from '../support/server-program.ts';
import { connectStream } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

/** The real server in a process of its own; answers its URL. */
async function spawnServer(): Promise<{ url: string; child: ChildProcess }> {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'terrarium-kill-'));
  const child = spawn(process.execPath, [...(await findServerProgram())], {
    env: {
      ...process.env,
      TERRARIUM_TOKEN: testToken,
      TERRARIUM_STATE_DIR: stateDir,
      TERRARIUM_PORT: '0',
      TERRARIUM_LOG_LEVEL: 'silent',
      TERRARIUM_OBSERVER: 'helper',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  after(async () => {
    child.kill('SIGKILL');
    await rm(stateDir, { recursive: true, force: true });
  });
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const url = await waitFor((see) => /http:\/\/[\d.]+:\d+/.exec(see(output))?.[0], {
    what: 'the server to print its URL',
  });
  return { url, child };
}

test('none is left 10 s after SIGKILL', async () => {
  const targets = await Promise.all([1, 2, 3].map(() => createTestContainer({ after })));
  const { url, child } = await spawnServer();
  const headers = { authorization: `Bearer ${testToken}` };
  await waitFor(async (see) => see((await fetch(`${url}/readyz`)).status) === 200, { what: 'the server to be ready' });
  for (const { id } of targets) {
    const client = await connectStream({ after }, `${url}/api/v1/containers/${id}/netstat`, { headers });
    await client.until('a snapshot', ({ data }) => data);
    assert.equal((await listHelpers({ id })).length, 1);
  }
  child.kill('SIGKILL');
  await waitFor(async (see) => see((await Promise.all(targets.map(listHelpers))).flat()).length === 0, {
    what: 'every helper to be gone',
  });
});
