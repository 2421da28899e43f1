// What the probe is asked and answers, when tables are read although nothing moved, and what all reading together may cost.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  defineWord,
  forgetWord,
  inodeWord,
  interfacesWord,
  lookWord,
  readCost,
  readFinding,
  readInode,
  readInterfacesFinding,
  sortByKey,
} from '../../src/domain/observation/probe-protocol.ts';
import { chooseProbeTarget, groupByNamespace } from '../../src/domain/observation/probe-target.ts';
import type { SocketTables } from '../../src/domain/observation/socket-tables.ts';
import { findRereadReason, judgeRestlessness } from '../../src/domain/observation/staleness.ts';
import { longestWaitMs, mostOwed, shareOf, WalkAllowance } from '../../src/domain/observation/walk-allowance.ts';
import { tcpStates } from '../../src/schemas/netstat.ts';
import { containerFacts } from '../support/container-facts.ts';
import fc from '../support/fast-check.ts';

test('words name a target, and each way to look is a word of its own', () => {
  const members = [
    { id: 'aa', pid: 7 },
    { id: 'bb', pid: 8 },
  ];
  assert.equal(defineWord(3, { pid: 7, container: 'aa', members }), '+3,7,aa,aa:7,bb:8');
  assert.equal(defineWord(3, { pid: 7, container: 'aa', members: [] }), '+3,7,aa');
  assert.deepEqual([forgetWord(3), inodeWord(3, '28ba')], ['-3', 'i3,28ba']);
  const ways = [true, false].flatMap((forced) => [true, false].map((urgent) => lookWord({ key: 3, forced, urgent })));
  assert.deepEqual(ways, ['n3', 'f3', 'u3', 'g3']);
  const hows = (['told', 'moved', 'forced'] as const).map((how) => interfacesWord({ key: 3, how }));
  assert.deepEqual(hows, ['m3', 'd3', 'D3']);
});

test('findings are read by their key, and silence is an unmoved one', () => {
  const sections = new Map([
    ['1 gone', ''],
    ['2 late', ''],
    ['3 read 1', 'tables'],
    ['4 kept 0', ''],
    ['5 inode', '4026532265\n'],
    ['6 moved', ''],
    ['6 file dev', 'counters'],
    ['6 files', ''],
    ['7 moved', ''],
    ['cost', '7642705 2 24574134'],
  ]);
  const answers = sortByKey(sections);
  assert.deepEqual(readFinding(answers.get(1)), { kind: 'gone' });
  assert.deepEqual(readFinding(answers.get(2)), { kind: 'late' });
  assert.deepEqual(readFinding(answers.get(3)), { kind: 'read', moved: true, tables: 'tables' });
  assert.deepEqual(readFinding(answers.get(4)), { kind: 'read', moved: false, tables: null });
  assert.deepEqual(readFinding(answers.get(33)), { kind: 'unmoved' });
  assert.deepEqual([readInode(answers.get(5)), readInode(answers.get(1))], [4026532265, null]);
  assert.deepEqual(readCost(sections), { walkNs: 7642705, walks: 2, totalNs: 24574134 });
  assert.deepEqual(readCost(new Map()), { walkNs: 0, walks: 0, totalNs: 0 });
  const files = new Map([['dev', 'counters']]);
  assert.deepEqual(readInterfacesFinding(answers.get(6)), { kind: 'seen', moved: true, read: true, files });
  assert.deepEqual(readInterfacesFinding(answers.get(7)), { kind: 'seen', moved: true, read: false, files: new Map() });
  assert.deepEqual(readInterfacesFinding(answers.get(33)), {
    kind: 'seen',
    moved: false,
    read: false,
    files: new Map(),
  });
  assert.deepEqual(readInterfacesFinding(answers.get(1)), { kind: 'gone' });
});

const end = { address: '0.0.0.0', port: 1 };
const tablesOf = (...sockets: Partial<SocketTables['sockets'][number]>[]): SocketTables => ({
  sockets: sockets.map((one, i) => ({
    id: String(i),
    protocol: 'tcp',
    recvQ: 0,
    sendQ: 0,
    local: end,
    remote: end,
    state: 'LISTEN',
    ...one,
  })),
  states: [],
  truncated: false,
});

test('queues are read again at once, timers after a second, everything after a minute, and the rest by witnesses alone', () => {
  const quiet = judgeRestlessness(tablesOf({}, { state: 'ESTABLISHED' }, { state: 'CLOSE_WAIT' }));
  assert.deepEqual(
    [0, 59_999, 60_000].map((age) => findRereadReason(quiet, { ageMs: age, urgent: true })),
    [null, null, 'anyway'],
  );
  for (const queue of [{ recvQ: 1 }, { sendQ: 1 }])
    assert.equal(findRereadReason(judgeRestlessness(tablesOf({}, queue)), { ageMs: 0, urgent: false }), 'queued');
  const timed = tcpStates.filter((state) => judgeRestlessness(tablesOf({}, { state })).timed);
  assert.deepEqual(timed, ['SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'LAST_ACK', 'CLOSING']);
  const waiting = judgeRestlessness(tablesOf({ state: 'TIME_WAIT' }));
  assert.deepEqual(
    [999, 1_000].map((age) => findRereadReason(waiting, { ageMs: age, urgent: false })),
    [null, 'timed'],
  );
  assert.equal(findRereadReason(waiting, { ageMs: 1, urgent: true }), 'timed', 'at once for who waits');
});

/** Of a core: what giants and the others have together, whether there are giants or not. */
const tenth = 0.1;
test('giants take their share from the others', () => {
  const shares = [true, false].map((areGiantsThere) => shareOf('common', { areGiantsThere }));
  assert.equal(shares[1], tenth);
  assert.equal((shares[0] ?? 0) + shareOf('giants', { areGiantsThere: true }), tenth);
});

test('however walks cost, all of them together keep to a tenth of a core over time', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 50_000, max: 80_000_000 }), { minLength: 1, maxLength: 50 }), (costs) => {
      const allowance = new WalkAllowance(0, 500e6);
      let spent = 0;
      const seconds = 60;
      for (let ms = 100; ms <= seconds * 1_000; ms += 100) {
        const walks = allowance.walks(ms, tenth);
        let ns = 0;
        for (let i = 0; i < walks; i += 1) ns += costs[i % costs.length] ?? 0;
        allowance.charge(walks, ns);
        spent += ns;
      }
      // What was saved up at first, and one tick that cost more than it was expected to.
      assert.ok(spent <= seconds * 0.1e9 + 100e6 + 2 * 1000e6, `${spent / 1e6} ms`);
    }),
  );
});

test('who is owed nothing waits, and the allowance comes back with time', () => {
  const allowance = new WalkAllowance(0, 500e6);
  assert.ok(allowance.walks(0, tenth) > 0);
  allowance.charge(10, 300e6);
  assert.equal(allowance.walks(1_000, tenth), 0);
  assert.ok(allowance.walks(4_000, tenth) > 0);
});

test('what costs more than can be saved up is read all the same, as seldom as it has to be', () => {
  const allowance = new WalkAllowance(0, 500e6);
  let walks = 0;
  for (let ms = 100; ms <= 60_000; ms += 100) {
    if (allowance.walks(ms, tenth) === 0) continue;
    walks += 1;
    allowance.charge(1, 300e6);
  }
  assert.ok(walks >= 18 && walks <= 22, `${walks} walks of 300 ms in a minute at a tenth of a core`);
});

test('a giant is read again after the longest wait, however much its reads cost, and not before if they cost too much', () => {
  const giants = shareOf('giants', { areGiantsThere: true });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 20 }), (costsMs) => {
      const allowance = new WalkAllowance(0, mostOwed.giants);
      for (const ms of costsMs) allowance.charge(1, ms * 1e6);
      assert.ok(allowance.walks(longestWaitMs + 1, giants) > 0);
    }),
  );
  const dear = new WalkAllowance(0, mostOwed.giants);
  dear.charge(3, 2_000e6);
  assert.equal(dear.walks(longestWaitMs - 1, giants), 0);
});

test('the members of a namespace are who is in it and alive, helpers aside; the host has no number of them', () => {
  const owner = containerFacts('a', { pid: 10, startedAt: '2026-01-01T00:00:00Z' });
  const joined = containerFacts('b', {
    pid: 11,
    networkMode: `container:${owner.id}`,
    startedAt: '2026-01-01T00:00:01Z',
  });
  const helper = { ...joined, id: 'c'.repeat(64), pid: 12, labels: { 'io.terrarium.role': 'helper' } };
  const stopped = { ...joined, id: 'd'.repeat(64), pid: 0, state: 'exited' as const };
  const onHost = containerFacts('e', { pid: 13, networkMode: 'host' });
  const all = [joined, owner, helper, stopped, onHost];
  const groups = groupByNamespace('local', all, (id) => all.find((one) => one.id === id));
  const id = `local~${owner.id}~${owner.startedAt}`;
  assert.deepEqual([...groups.keys()].sort(), [id, 'local~host'].sort());
  const anchor = { id: owner.id, startedAt: owner.startedAt };
  const target = chooseProbeTarget({ id, networkMode: '', anchor }, groups.get(id) ?? []);
  assert.equal(target?.pid, 10, 'the owner, whoever comes first');
  assert.deepEqual(target?.members.map(({ pid }) => pid).sort(), [10, 11]);
  const host = chooseProbeTarget(
    { id: 'local~host', networkMode: 'host', anchor: null },
    groups.get('local~host') ?? [],
  );
  assert.deepEqual(host, { pid: 13, container: onHost.id, members: [] });
  assert.equal(chooseProbeTarget({ id, networkMode: '', anchor }, []), null);
});
