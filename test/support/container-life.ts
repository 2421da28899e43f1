// What every way to an engine has to carry: it is told once, and played over each of them.
import assert from 'node:assert/strict';
import type { Engine } from '../../src/engine/engine.ts';
import { testLabels, uniqueName } from './run-id.ts';

/** The story of one container, with a half-closed stdin in it: what a relay or a protocol of its own would break first. */
export async function liveAContainersLife(engine: Engine): Promise<void> {
  const name = uniqueName('tcp');
  const { id } = await engine.createContainer(name, {
    Image: 'busybox:latest',
    Cmd: ['sh', '-c', 'cat; echo end >&2'],
    OpenStdin: true,
    StdinOnce: true,
    Labels: testLabels,
    HostConfig: { NetworkMode: 'none' },
  });
  const streams = await engine.attach(id, { tty: false });
  let out = '';
  let err = '';
  streams.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  streams.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  await engine.startContainer(id);
  assert.equal((await engine.inspectContainer(name)).state, 'running');
  streams.stdin.write('over the wire');
  streams.endInput();
  assert.deepEqual(await streams.closed, {});
  assert.equal(out, 'over the wire');
  assert.equal(err, 'end\n');
  await engine.removeContainer(id, { force: true });
}
