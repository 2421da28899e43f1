// Endpoints: what is accepted, how it is printed, and that everything else is refused by name.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatEndpoint, parseEndpoint } from '../../src/engine/docker/endpoint.ts';
import { Failure } from '../../src/schemas/failure.ts';

test('the two kinds of endpoint are read', () => {
  const cases = {
    'unix:///var/run/docker.sock': { kind: 'unix', path: '/var/run/docker.sock' },
    'unix:///tmp/a b/ü.sock': { kind: 'unix', path: '/tmp/a b/ü.sock' },
    'UNIX:///a': { kind: 'unix', path: '/a' },
    'tcp://127.0.0.1:2375': { kind: 'tcp', host: '127.0.0.1', port: 2375 },
    'tcp://docker.example.com': { kind: 'tcp', host: 'docker.example.com', port: 2375 },
    'tcp://my_service:1/': { kind: 'tcp', host: 'my_service', port: 1 },
    'tcp://[::1]:65535': { kind: 'tcp', host: '::1', port: 65535 },
  };
  for (const [text, endpoint] of Object.entries(cases)) assert.deepEqual(parseEndpoint(text), endpoint, text);
});

test('everything else is refused, quoting it and saying why', () => {
  const cases: Record<string, RegExp> = {
    '': /no scheme/,
    '/var/run/docker.sock': /no scheme/,
    'localhost:2375': /no scheme/,
    'ssh://root@host': /scheme "ssh" is not supported/,
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

test('whatever is written, it is either refused by a Failure or prints as something that reads the same', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((rest) => `unix://${rest}`),
    fc.string().map((rest) => `tcp://${rest}`),
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
