// Endpoints: what is accepted, how it is printed, and that everything else is refused by name.
import assert from 'node:assert/strict';
import test from 'node:test';
import { formatEndpoint, parseEndpoint } from '../../src/engine/docker/endpoint.ts';
import { Failure } from '../../src/schemas/failure.ts';
import fc from '../support/fast-check.ts';

test('every kind of endpoint is read', () => {
  const cases = {
    'unix:///var/run/docker.sock': { kind: 'unix', path: '/var/run/docker.sock' },
    'unix:///tmp/a b/ü.sock': { kind: 'unix', path: '/tmp/a b/ü.sock' },
    'UNIX:///a': { kind: 'unix', path: '/a' },
    'tcp://127.0.0.1:2375': { kind: 'tcp', host: '127.0.0.1', port: 2375 },
    'tcp://docker.example.com': { kind: 'tcp', host: 'docker.example.com', port: 2375 },
    'tcp://my_service:1/': { kind: 'tcp', host: 'my_service', port: 1 },
    'tcp://[::1]:65535': { kind: 'tcp', host: '::1', port: 65535 },
    'ssh://lab': { kind: 'ssh', user: null, host: 'lab', port: null, path: '/var/run/docker.sock' },
    'ssh://me@lab.example:2222/': {
      kind: 'ssh',
      user: 'me',
      host: 'lab.example',
      port: 2222,
      path: '/var/run/docker.sock',
    },
    'ssh://me@[::1]/run/user/1000/docker.sock': {
      kind: 'ssh',
      user: 'me',
      host: '::1',
      port: null,
      path: '/run/user/1000/docker.sock',
    },
  };
  for (const [text, endpoint] of Object.entries(cases)) assert.deepEqual(parseEndpoint(text), endpoint, text);
});

test('everything else is refused, quoting it and saying why', () => {
  const cases: Record<string, RegExp> = {
    '': /no scheme/,
    '/var/run/docker.sock': /no scheme/,
    'localhost:2375': /no scheme/,
    'ssh://': /"" is not a host/,
    'ssh://@host': /"" is not a user/,
    'ssh://a b@host': /is not a user/,
    'ssh://-l@host': /is not a user/,
    'ssh://me@-host': /is not a host/,
    'ssh://me@host/a:b': /cannot forward/,
    'ssh://me@host/a%b': /cannot forward/,
    'ssh://me@host/a b': /cannot forward/,
    [`ssh://me@host/${'x'.repeat(200)}`]: /at most 107 bytes/,
    'https://host:2376': /scheme "https" is not supported/,
    'unix://': /not absolute/,
    'unix://run/docker.sock': /not absolute/,
    'unix:///a\0b': /NUL/,
    [`unix:///${'x'.repeat(200)}`]: /at most 107 bytes/,
    'tcp://': /"" is not a host/,
    'tcp://:2375': /"" is not a host/,
    'tcp://host:0': /"0" is not a port/,
    'tcp://host:65536': /is not a port/,
    'tcp://host:': /"" is not a port/,
    'tcp://host:23x': /is not a port/,
    'tcp://host:2375/v1.44': /is not a port/,
    'tcp://user@host:2375': /is not a host/,
    'tcp://::1:2375': /brackets/,
    'tcp://[::1': /brackets/,
    'tcp://[10.0.0.1]:2375': /is not a host/,
    'tcp://999.1.1.1': /is not a host/,
    'tcp://a b': /is not a host/,
  };
  for (const [text, why] of Object.entries(cases)) {
    assert.throws(
      () => parseEndpoint(text),
      (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.code, 'invalid_request');
        assert.ok(error.message.includes(`"${text}"`), error.message);
        assert.match(error.message, why, text);
        assert.match(error.hint ?? '', /unix:\/\/\/.*tcp:\/\//);
        return true;
      },
      text,
    );
  }
});

test('over TLS the port that is left out is another one, and a password is never repeated', () => {
  assert.deepEqual(parseEndpoint('tcp://lab', { tls: true }), { kind: 'tls', host: 'lab', port: 2376 });
  assert.equal(formatEndpoint(parseEndpoint('tcp://lab', { tls: true })), 'tcp://lab:2376');
  assert.throws(
    () => parseEndpoint('ssh://me:secret@lab'),
    (error: Error) => /me:…@lab/.test(error.message) && !error.message.includes('secret'),
  );
});

test('whatever is written, it is either refused by a Failure or prints as something that reads the same', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((rest) => `unix://${rest}`),
    fc.string().map((rest) => `tcp://${rest}`),
    fc.string().map((rest) => `ssh://${rest}`),
    fc.tuple(fc.domain(), fc.nat({ max: 70_000 })).map(([host, port]) => `ssh://me@${host}:${port}/run/docker.sock`),
    fc.tuple(fc.ipV6(), fc.nat({ max: 70_000 })).map(([host, port]) => `tcp://[${host}]:${port}`),
    fc.tuple(fc.domain(), fc.nat({ max: 70_000 })).map(([host, port]) => `tcp://${host}:${port}`),
  );
  let accepted = 0;
  fc.assert(
    fc.property(text, (endpoint) => {
      let parsed: ReturnType<typeof parseEndpoint>;
      try {
        parsed = parseEndpoint(endpoint);
      } catch (error) {
        assert.ok(error instanceof Failure);
        return;
      }
      accepted += 1;
      assert.deepEqual(parseEndpoint(formatEndpoint(parsed)), parsed);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(accepted > 100);
});
