// Where a client of this machine finds the server and its token, and whom it never gives that token.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { findServer } from '../../src/client/node.ts';

test('the environment first, then what a server of this machine keeps', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-find-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'token');
  const kept = { TERRARIUM_STATE_DIR: folder };
  const local = 'http://127.0.0.1:4242';
  assert.deepEqual(await findServer(kept), { url: local, token: undefined, source: file });
  await writeFile(file, 'a-token-of-this-machine\n');
  const token = 'a-token-of-this-machine';
  assert.deepEqual(await findServer(kept), { url: local, token, source: file });
  assert.equal((await findServer({ ...kept, TERRARIUM_PORT: '8080' })).url, 'http://127.0.0.1:8080');
  const given = await findServer({ ...kept, TERRARIUM_TOKEN: 'given', TERRARIUM_URL: 'https://lab.example/t' });
  assert.deepEqual(given, { url: 'https://lab.example/t', token: 'given', source: 'TERRARIUM_TOKEN' });
  for (const url of ['http://localhost:1', 'http://[::1]:4242', 'http://127.8.9.1'])
    assert.equal((await findServer({ ...kept, TERRARIUM_URL: url })).token, token, url);
  for (const url of ['http://lab.example', 'http://127.0.0.1.example', 'http://192.0.2.1', 'nonsense'])
    assert.equal((await findServer({ ...kept, TERRARIUM_URL: url })).token, undefined, url);
  assert.equal((await findServer({ XDG_STATE_HOME: path.dirname(folder) })).token, undefined);
});
