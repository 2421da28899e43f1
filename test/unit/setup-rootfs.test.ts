// The stand-in for the busybox image: the archive we write, read back by the real tar.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import fc from '../support/fast-check.ts';
import { loadScript } from '../support/script.ts';

const { packTar } = await loadScript('setup/tar.mjs');
const { packBusyboxRootfs } = await loadScript('setup/busybox-rootfs.mjs');

function tar(args: string[], input: Buffer): Buffer {
  const { status, stdout, stderr } = spawnSync('tar', args, { input, maxBuffer: 10_000_000 });
  assert.equal(status, 0, stderr.toString());
  return stdout;
}

test('tar reads back every file byte for byte', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,30}$/);
  const files = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 2_000 })), {
    selector: ([path]) => path,
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(files, (generated) => {
      const archive = packTar(
        generated.map(([path, content]) => ({ path, type: 'file', mode: 0o644, content: Buffer.from(content) })),
      );
      assert.equal(archive.length % 512, 0);
      const joined = Buffer.concat(generated.map(([, content]) => Buffer.from(content)));
      assert.deepEqual(tar(['-xO', ...['-f', '-'], ...generated.map(([path]) => path)], archive), joined);
    }),
    { numRuns: 20 },
  );
});

test('a path that no header can hold is refused', () => {
  assert.throws(() => packTar([{ path: 'x'.repeat(101), type: 'file', mode: 0o644, content: '' }]), RangeError);
});

test('the root file system has the binary, a link for each applet, and what a container needs', () => {
  const listing = tar(['-tvf', '-'], packBusyboxRootfs(Buffer.from('binary'), ['sh', 'busybox', 'netstat'])).toString();
  const lines = listing
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/));
  const modes = Object.fromEntries(lines.map(([mode = '', , , , , path = '']) => [path, mode]));
  assert.equal(modes['bin/busybox'], '-rwxr-xr-x');
  assert.equal(modes['tmp/'], 'drwxrwxrwt');
  assert.equal(modes['root/'], 'drwx------');
  assert.equal(modes['etc/passwd'], '-rw-r--r--');
  assert.match(listing, /bin\/sh -> busybox$/m);
  assert.match(listing, /bin\/netstat -> busybox$/m);
  assert.equal(listing.match(/bin\/busybox$/gm)?.length, 1);
  assert.ok(lines.every(([, owner]) => owner === '0/0' || owner === 'root/root'));
});
