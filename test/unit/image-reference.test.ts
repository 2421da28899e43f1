// References to images, example by example. That they are what Docker says is the differential test's affair.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatCanonical, formatFamiliar, parseImageReference } from '../../src/domain/image-reference.ts';
import { Failure } from '../../src/schemas/failure.ts';
import { cpuMsOf } from '../support/cpu-time.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

describe('canonical form, familiar form and registry', () => {
  const cases: [text: string, canonical: string, familiar: string, registry: string][] = [
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest', 'docker.io'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36', 'docker.io'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest', 'docker.io'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest', 'docker.io'],
    ['team/app', 'docker.io/team/app:latest', 'team/app:latest', 'docker.io'],
    ['library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest', 'docker.io'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest', 'localhost'],
    ['host:5000/app:V1', 'host:5000/app:V1', 'host:5000/app:V1', 'host:5000'],
    ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c:latest', '127.0.0.1:5000/a/b/c:latest', '127.0.0.1:5000'],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest', '[::1]:5000'],
    ['Registry/app', 'Registry/app:latest', 'Registry/app:latest', 'Registry'],
    ['host:80', 'docker.io/library/host:80', 'host:80', 'docker.io'],
    ['example.com', 'docker.io/library/example.com:latest', 'example.com:latest', 'docker.io'],
    [`busybox@${digest}`, `docker.io/library/busybox@${digest}`, `busybox@${digest}`, 'docker.io'],
    [`busybox:1@${digest}`, `docker.io/library/busybox:1@${digest}`, `busybox:1@${digest}`, 'docker.io'],
    ['a_b.c/d', 'a_b.c/d:latest', 'a_b.c/d:latest', ''],
  ];
  for (const [text, canonical, familiar, registry] of cases) {
    test(text, () => {
      const reference = parseImageReference(text);
      assert.equal(reference.kind === 'named' && reference.registry, registry);
      assert.equal(formatCanonical(reference), canonical);
      assert.equal(formatFamiliar(reference), familiar);
      assert.deepEqual(parseImageReference(familiar), reference);
      assert.deepEqual(parseImageReference(canonical), reference);
    });
  }

  test('an id is no name and has no registry', () => {
    const id = 'ab'.repeat(32);
    assert.deepEqual(parseImageReference(id), { kind: 'id', id: `sha256:${id}` });
    assert.deepEqual(parseImageReference(digest), { kind: 'id', id: digest });
    assert.equal(formatFamiliar(parseImageReference(id)), digest);
    assert.equal(formatCanonical(parseImageReference(id)), digest);
    assert.equal(parseImageReference(id.slice(1)).kind, 'named');
  });
});

describe('refused', () => {
  const refused: Record<string, RegExp> = {
    '': /empty/,
    ' busybox': /form/,
    'busybox\n': /form/,
    Busybox: /lower case/,
    'team/App:1': /lower case/,
    'busybox:': /form/,
    'busybox:-x': /form/,
    [`busybox:${'t'.repeat(129)}`]: /form/,
    'a//b': /form/,
    '/a': /form/,
    'a/../b': /form/,
    x___y: /form/,
    'https://example.com/app': /form/,
    'host:x/app': /form/,
    'busybox@sha256:abc': /form/,
    [`busybox@md5:${'0'.repeat(32)}`]: /digest/,
    [`busybox@${digest.toUpperCase().replace('SHA', 'sha')}`]: /digest/,
    [`busybox@constructor:${'0'.repeat(64)}`]: /digest/,
    ['n'.repeat(256)]: /longer than 255/,
    büsybox: /form/,
    '--help': /form/,
    'busybox; rm -rf /': /form/,
  };
  for (const [text, reason] of Object.entries(refused)) {
    test(JSON.stringify(text.slice(0, 40)), () => {
      assert.throws(
        () => parseImageReference(text, 'pull.image'),
        (error: unknown) =>
          error instanceof Failure &&
          error.code === 'invalid_request' &&
          error.field === 'pull.image' &&
          reason.test(error.message) &&
          error.hint !== undefined,
      );
    });
  }

  test('a huge text is refused at once and not repeated whole', () => {
    for (const piece of ['a', 'a-', 'a/', 'a.', 'a:', '[', 'A-a.']) {
      const cost = (length: number) => {
        const text = `${piece.repeat(length)}!`;
        return cpuMsOf(() =>
          assert.throws(
            () => parseImageReference(text),
            (error: unknown) => error instanceof Failure && error.message.length < 400,
          ),
        );
      };
      // Costs of 10 ms and less say little. A text that is four times as long costs four times as much, and not sixteen times.
      const [short, long] = [Math.max(10, cost(50_000)), cost(200_000)];
      assert.ok(long < 12 * short, `${piece}: ${short} ms became ${long} ms`);
    }
  });
});
