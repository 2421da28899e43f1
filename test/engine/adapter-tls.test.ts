// The adapter over TLS to a real dockerd with --tlsverify: who it is is verified, who we are is shown, and whatever does not fit is told by name.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import type { TlsFiles } from '../../src/engine/docker/credential-files.ts';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import type { Failure } from '../../src/schemas/failure.ts';
import { makeAuthority } from '../support/certificates.ts';
import { liveAContainersLife } from '../support/container-life.ts';
import { defer } from '../support/defer.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const authority = await makeAuthority({ after });
const own = await authority.issue();

const engines: PrivateEngine[] = [];
const start = async (options: { names?: string[]; expired?: boolean } = {}) => {
  const engine = await startPrivateEngine(
    { after },
    {
      image: 'busybox:latest',
      tls: (address) => authority.issue({ names: [`IP:${address}`], ...options }),
    },
  );
  engines.push(engine);
  return engine;
};
const right = skip === false ? await start() : undefined;

function connect(t: { after(step: () => Promise<void>): void }, endpoint: string, tls: TlsFiles) {
  const engine = connectEngine({ name: 'far', endpoint, tls });
  t.after(() => engine.close());
  return engine;
}

/** When a certificate ends: the first moment at which it is not valid, in milliseconds since the epoch. */
async function readEnd(cert: string): Promise<number> {
  // It is valid for the whole of its last second.
  return Date.parse(new X509Certificate(await readFile(cert)).validTo) + 1_000;
}

/** What is told of an engine that is not reached: the same of a write, which is sent on a connection of its own. */
async function tell(t: { after(step: () => Promise<void>): void }, endpoint: string, tls: TlsFiles): Promise<Failure> {
  const engine = connect(t, endpoint, tls);
  const refused = (error: Failure) => error;
  const calls = [engine.ping(), engine.ping(), engine.removeContainer('nobody')];
  const failures = await Promise.all(calls.map((call) => call.then(() => assert.fail('it was reached'), refused)));
  for (const { code, message } of failures)
    assert.deepEqual([code, message], ['engine_unavailable', failures[0]?.message]);
  return failures[0] as Failure;
}

test('with the right certificates a container lives as on any other engine', { skip }, async (t) => {
  const engine = connect(t, right?.tlsHost ?? '', own);
  assert.deepEqual([engine.transport, engine.plainTcp, engine.endpoint], ['tls', false, right?.tlsHost]);
  await engine.ping();
  assert.equal((await engine.info()).os, 'linux');
  await liveAContainersLife(engine);
});

test('what does not fit is told by the certificate at fault, and nothing is sent', { skip }, async (t) => {
  const endpoint = right?.tlsHost ?? '';
  const [stranger, expired] = [await (await makeAuthority(t)).issue(), await authority.issue({ expired: true })];
  const cases: [what: string, files: TlsFiles, words: RegExp, hint: RegExp][] = [
    ['no certificate of ours', { ca: own.ca }, /wants a certificate from us, and there is none/, /"cert" and "key"/],
    [
      'ours is of another authority',
      { ...stranger, ca: own.ca },
      /refuses our certificate \S+cert\.pem \(/,
      /signed by the authority/,
    ],
    ['ours has expired', { ...expired }, /refuses our certificate \S+, which expired on \d{4}-\d\d-\d\d/, /Renew it/],
    [
      'theirs is of another authority',
      { ...own, ca: stranger.ca },
      /not signed by an authority that is trusted here/,
      /"ca"/,
    ],
    [
      'no authority is named',
      { cert: own.cert, key: own.key },
      /not signed by an authority that is trusted here/,
      /"ca"/,
    ],
  ];
  await waitFor(async (see) => see(await readEnd(expired.cert)) < Date.now(), { what: 'the certificate to expire' });
  for (const [what, files, words, hint] of cases) {
    const failure = await tell(t, endpoint, files);
    assert.match(failure.message, words, what);
    assert.ok(failure.message.includes(endpoint), what);
    assert.match(failure.hint ?? '', hint, what);
  }
});

test('an engine that shows the certificate of another host, or one that has expired, is not spoken to', {
  skip,
}, async (t) => {
  const [elsewhere, old] = await Promise.all([start({ names: ['DNS:elsewhere.example'] }), start({ expired: true })]);
  const name = await tell(t, elsewhere.tlsHost ?? '', own);
  assert.match(name.message, /is for another host \(DNS:elsewhere\.example\)/);
  const expired = await tell(t, old.tlsHost ?? '', own);
  assert.match(expired.message, /the certificate of tcp:\S+:2376 has expired/);
});

test('TLS where none is spoken, and plain HTTP where it is, are told apart from an engine that is away', {
  skip,
}, async (t) => {
  const plain = await startPrivateEngine(t, { tcp: true });
  assert.match((await tell(t, plain.tcpHost ?? '', own)).message, /does not speak TLS/);
  const engine = connectEngine({ name: 'far', endpoint: right?.tlsHost ?? '' });
  t.after(() => engine.close());
  await assert.rejects(engine.info(), { code: 'engine_unavailable', hint: /wants TLS/ });
});

test('a certificate that is renewed on the disk is used without a restart', { skip }, async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-renewed-'));
  defer(t, () => rm(folder, { recursive: true, force: true }));
  const [cert, key] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
  const put = async (files: { cert: string; key: string }) => {
    await copyFile(files.key, key);
    await copyFile(files.cert, cert);
  };
  await put(await (await makeAuthority(t)).issue());
  const engine = connect(t, right?.tlsHost ?? '', { ca: own.ca, cert, key });
  await assert.rejects(engine.ping(), { code: 'engine_unavailable' });
  await put(own);
  await engine.ping();
});
