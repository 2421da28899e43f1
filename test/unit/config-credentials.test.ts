// Tokens, login codes and tickets, without a server and with a clock of the test's own.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Failure } from '../../src/schemas/failure.ts';
import { describePrincipal } from '../../src/services/access.ts';
import { openAccounts } from '../../src/services/credentials/accounts.ts';
import { createCredentials } from '../../src/services/credentials/credentials.ts';
import { createLogin } from '../../src/services/credentials/logins.ts';
import { createSingleUseSecrets } from '../../src/services/credentials/single-use.ts';

const token = 'the-right-token-of-this-server';

const quotas = { containers: null, labs: null, labContainers: null, streams: null, memory: null };
const log = { info() {}, error() {} };
const ended = { has: () => false, add() {} };

async function setUp() {
  const clock = { time: 1_000_000, now: () => clock.time };
  const accounts = await openAccounts({ path: null, defaults: quotas, clock, log });
  return { clock, credentials: createCredentials({ token, accounts, ended, clock }) };
}

function codeOf(call: () => unknown): string {
  try {
    call();
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    return error.code;
  }
}

test('the token is right, or it is not', async () => {
  const { credentials } = await setUp();
  assert.deepEqual(credentials.authenticate(token, 'a').principal, describePrincipal('admin', 'admin'));
  for (const wrong of ['', token.slice(0, -1), `${token}x`, token.toUpperCase()])
    assert.equal(
      codeOf(() => credentials.authenticate(wrong, 'b')),
      'unauthorized',
      wrong,
    );
});

test('a ticket acts for its principal, once, for 30 seconds', async () => {
  const { clock, credentials } = await setUp();
  const principal = createLogin({
    principal: describePrincipal('someone', 'operator'),
    kind: 'token',
    expiresAt: null,
  });
  const first = credentials.issueTicket(principal);
  assert.equal(first.expiresAt, clock.time + 30_000);
  assert.equal(credentials.redeemTicket(first.secret, 'a'), principal);
  assert.equal(
    codeOf(() => credentials.redeemTicket(first.secret, 'a')),
    'unauthorized',
  );

  const second = credentials.issueTicket(principal);
  clock.time += 29_999;
  assert.equal(
    codeOf(() => credentials.redeemTicket(second.secret, 'a')),
    'accepted',
  );
  const third = credentials.issueTicket(principal);
  clock.time += 30_000;
  assert.equal(
    codeOf(() => credentials.redeemTicket(third.secret, 'a')),
    'unauthorized',
  );
});

test('a login code gives a session, once, for ten minutes, and is no ticket and no token', async () => {
  const { clock, credentials } = await setUp();
  const { secret } = credentials.issueLoginCode();
  assert.equal(
    codeOf(() => credentials.redeemTicket(secret, 'a')),
    'unauthorized',
  );
  assert.equal(
    codeOf(() => credentials.authenticate(secret, 'a')),
    'unauthorized',
  );
  const session = credentials.redeemLoginCode(secret, 'a');
  assert.equal(credentials.authenticate(session.token, 'a').kind, 'session');
  assert.equal(session.expiresAt, clock.time + 12 * 3_600_000);
  assert.equal(
    codeOf(() => credentials.redeemLoginCode(secret, 'a')),
    'unauthorized',
  );
  const late = credentials.issueLoginCode();
  clock.time += 600_000;
  assert.equal(
    codeOf(() => credentials.redeemLoginCode(late.secret, 'a')),
    'unauthorized',
  );
});

test('secrets are long, and no two are the same', async () => {
  const { credentials } = await setUp();
  const secrets = Array.from({ length: 100 }, () => credentials.issueLoginCode().secret);
  assert.equal(new Set(secrets).size, 100);
  for (const secret of secrets) assert.match(secret, /^[A-Za-z0-9_-]{32}$/);
});

test('open secrets are bounded, and expired ones make room', () => {
  const clock = { time: 0, now: () => clock.time };
  const secrets = createSingleUseSecrets<number>({ clock, lifetimeMs: 100, limit: 2 });
  secrets.issue(1);
  const { secret } = secrets.issue(2);
  assert.equal(
    codeOf(() => secrets.issue(3)),
    'rate_limited',
  );
  assert.equal(secrets.redeem(secret), 2);
  secrets.issue(3);
  assert.equal(
    codeOf(() => secrets.issue(4)),
    'rate_limited',
  );
  clock.time = 100;
  assert.equal(
    codeOf(() => secrets.issue(4)),
    'accepted',
  );
});

test('an address that guesses has to wait, with the right token too, and others do not', async () => {
  const { clock, credentials } = await setUp();
  for (let i = 0; i < 10; i++)
    assert.equal(
      codeOf(() => credentials.authenticate(`guess-${i}`, '10.0.0.1')),
      'unauthorized',
    );
  try {
    credentials.authenticate('guess-10', '10.0.0.1');
    assert.fail('it could go on guessing');
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.equal(error.code, 'rate_limited');
    assert.ok(error.retryAfter !== undefined && error.retryAfter > 0 && error.retryAfter <= 60);
  }
  assert.equal(
    codeOf(() => credentials.authenticate(token, '10.0.0.1')),
    'rate_limited',
  );
  assert.equal(
    codeOf(() => credentials.redeemLoginCode('x', '10.0.0.1')),
    'rate_limited',
  );
  assert.equal(
    codeOf(() => credentials.redeemTicket('x', '10.0.0.1')),
    'rate_limited',
  );
  assert.equal(
    codeOf(() => credentials.authenticate(token, '10.0.0.2')),
    'accepted',
  );
  clock.time += 60_000;
  assert.equal(
    codeOf(() => credentials.authenticate(token, '10.0.0.1')),
    'accepted',
  );
});

test('guesses of every kind count together', async () => {
  const { credentials } = await setUp();
  for (let i = 0; i < 4; i++) {
    codeOf(() => credentials.authenticate(`t${i}`, 'a'));
    codeOf(() => credentials.redeemLoginCode(`c${i}`, 'a'));
    codeOf(() => credentials.redeemTicket(`w${i}`, 'a'));
  }
  assert.equal(
    codeOf(() => credentials.authenticate('another', 'a')),
    'rate_limited',
  );
});

test('a program that repeats an old token is slowed down, and locks nobody out', async () => {
  const { credentials } = await setUp();
  for (let i = 0; i < 10; i++)
    assert.equal(
      codeOf(() => credentials.authenticate('the old token', 'a')),
      'unauthorized',
    );
  assert.equal(
    codeOf(() => credentials.authenticate('the old token', 'a')),
    'rate_limited',
  );
  assert.equal(
    codeOf(() => credentials.authenticate(token, 'a')),
    'accepted',
  );
});

test('who is at work cannot be locked out by a neighbour behind the same address', async () => {
  const { credentials } = await setUp();
  credentials.authenticate(token, 'proxy');
  for (let i = 0; i < 30; i++) codeOf(() => credentials.authenticate(`guess-${i}`, 'proxy'));
  assert.equal(
    codeOf(() => credentials.authenticate('one more', 'proxy')),
    'rate_limited',
  );
  assert.equal(
    codeOf(() => credentials.authenticate(token, 'proxy')),
    'accepted',
  );
});

test('an IPv6 network counts as one address', async () => {
  const { credentials } = await setUp();
  for (let i = 0; i < 10; i++) codeOf(() => credentials.authenticate(`guess-${i}`, `2001:db8:1:2::${i.toString(16)}`));
  assert.equal(
    codeOf(() => credentials.authenticate('more', '2001:db8:1:2:ffff:1:2:3')),
    'rate_limited',
  );
  assert.equal(
    codeOf(() => credentials.authenticate('more', '2001:db8:1:3::1')),
    'unauthorized',
  );
  assert.equal(
    codeOf(() => credentials.authenticate('more', '::ffff:10.0.0.1')),
    'unauthorized',
  );
});
