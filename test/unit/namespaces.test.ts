// What is made of inodes: who shares what, who is together, what a namespace is called, and what is left unsaid where something cannot be seen.
import assert from 'node:assert/strict';
import test from 'node:test';
import { formatNamespaceId, parseNamespaceId } from '../../src/domain/container/namespace-id.ts';
import { findGroup, groupByNetwork } from '../../src/domain/namespaces/grouping.ts';
import { unknownInodes } from '../../src/domain/namespaces/process.ts';
import { readHostDevice, readHostInodes, readProcess } from '../../src/domain/namespaces/scouting.ts';
import { compareKinds, compareMembers, compareStray, type Place } from '../../src/domain/namespaces/sharing.ts';
import { readProcesses } from '../../src/engine/docker/translate-top.ts';
import { type Inodes, namespaceKinds } from '../../src/schemas/namespaces.ts';
import { containerFacts, idOf } from '../support/container-facts.ts';

const inodes = (net: number | null, more: Partial<Inodes> = {}): Inodes => ({
  ...{ net, mnt: 11, pid: 12, uts: 13, ipc: 14, user: 5, cgroup: 6 },
  ...more,
});
const place = (name: string, of: Inodes | null, reason: string | null = null): Place => ({
  container: { id: idOf(name), name },
  inodes: of,
  reason,
});
const host = { inodes: { ...unknownInodes, net: 1, pid: 2, uts: 3, ipc: 4, user: 5, cgroup: 6 }, reason: null };
const others = { mnt: 21, pid: 22, uts: 23, ipc: 24 };

test('a kind is shared with whoever has the same inode, and isolated where nobody has', () => {
  const shown = compareKinds(
    place('b', inodes(9)),
    [place('a', inodes(9, others)), place('c', inodes(8, others))],
    host,
  );
  assert.deepEqual(
    shown.map(({ kind, host, isolated, sharedWith }) => [
      kind,
      host,
      isolated,
      sharedWith.map(({ name }) => name).join(),
    ]),
    [
      ['net', false, false, 'a'],
      ['mnt', false, true, ''],
      ['pid', false, true, ''],
      ['uts', false, true, ''],
      ['ipc', false, true, ''],
      ['user', true, false, 'a,c'],
      ['cgroup', true, false, 'a,c'],
    ],
  );
});

test('what is not seen is not said', () => {
  const kindOf = (kind: string, shown: ReturnType<typeof compareKinds>) => shown.find((one) => one.kind === kind);
  const blind = compareKinds(place('b', null, 'no ps'), [], host);
  for (const { inode, host, isolated, reason } of blind)
    assert.deepEqual([inode, host, isolated, reason], [null, null, null, 'no ps']);
  const beside = compareKinds(place('b', inodes(9)), [place('a', null, 'it hides')], host);
  assert.equal(kindOf('net', beside)?.isolated, null, 'the other one may have it');
  assert.match(kindOf('net', beside)?.reason ?? '', /"a".*it hides/);
  assert.equal(kindOf('user', beside)?.isolated, false, 'the host has it in any case');
  const hostless = compareKinds(place('b', inodes(9)), [], { inodes: unknownInodes, reason: 'no scout' });
  assert.deepEqual([kindOf('net', hostless)?.host, kindOf('net', hostless)?.isolated], [null, null]);
  assert.match(kindOf('net', hostless)?.reason ?? '', /no scout/);
  assert.equal(kindOf('mnt', hostless)?.isolated, true, "no container is in the host's");
  assert.deepEqual(
    compareMembers([inodes(9), null]).map(({ shared }) => shared),
    namespaceKinds.map(() => null),
  );
  assert.deepEqual(
    compareMembers([inodes(9)]).map(({ shared }) => shared),
    namespaceKinds.map(() => false),
  );
});

test('of a process that is elsewhere, the kinds that differ are told', () => {
  const strays = compareStray(inodes(7, { uts: 3 }), inodes(9), [place('a', inodes(7, others))], host);
  assert.deepEqual(
    strays.map(({ kind, host, sharedWith }) => [kind, host, sharedWith.length]),
    [
      ['net', false, 1],
      ['uts', true, 0],
    ],
  );
  assert.deepEqual(compareStray(inodes(null), inodes(9), [], host), [], 'unknown is not different');
});

test('containers are together where their inodes are equal, whatever was thought of them', () => {
  const own = (name: string, inode: number | null, more = {}) => {
    const facts = containerFacts(name, more);
    return { facts, inode, reportedId: formatNamespaceId('e', facts) };
  };
  const join = { networkMode: `container:${idOf('gone')}` };
  const [a, b, c] = [own('a', 9), own('b', 9, { ...join, startedAt: '2026-01-01T00:00:03Z' }), own('c', 8, join)];
  const d = own('d', 8, { ...join, startedAt: '2026-01-01T00:00:09Z' });
  const h = { ...own('h', 1, { networkMode: 'host' }), reportedId: 'e~host' };
  const groups = groupByNetwork('e', [a, b, c, d, h], 1);
  assert.deepEqual(
    groups.map(({ id, owner, isHost, inode, members }) => [
      id,
      owner?.name,
      isHost,
      inode,
      members.map(({ name }) => name).join(),
    ]),
    [
      ['e~host', undefined, true, 1, 'h'],
      [a.reportedId, 'a', false, 9, 'a,b'],
      [c.reportedId, undefined, false, 8, 'c,d'],
    ],
  );
  assert.equal(findGroup('e', groups, d.reportedId)?.id, c.reportedId, 'by the id of any who was left in it');
  assert.equal(findGroup('e', groups, 'e~host')?.isHost, true);
  assert.equal(findGroup('e', groups, `e~${idOf('z')}~x`), undefined);
});

test('where no inode is known, what the engine reports has to do', () => {
  const facts = [containerFacts('a'), containerFacts('b', { networkMode: `container:${idOf('a')}` })];
  const reportedId = formatNamespaceId('e', containerFacts('a'));
  const blind = groupByNetwork(
    'e',
    facts.map((one) => ({ facts: one, inode: null, reportedId })),
    null,
  );
  assert.deepEqual(
    blind.map(({ id, inode, members }) => [id, inode, members.length]),
    [
      ['e~host', null, 0],
      [reportedId, null, 2],
    ],
  );
  const half = groupByNetwork(
    'e',
    facts.map((one, at) => ({ facts: one, inode: at === 0 ? 9 : null, reportedId })),
    1,
  );
  assert.deepEqual(
    half.map(({ inode, members }) => [inode, members.length]),
    [
      [1, 0],
      [9, 2],
    ],
  );
});

test('an id is read as it is written, and nothing else is one', () => {
  const facts = containerFacts('a');
  assert.deepEqual(parseNamespaceId(formatNamespaceId('local', facts)), {
    engine: 'local',
    owner: { id: facts.id, startedAt: facts.startedAt },
  });
  assert.deepEqual(parseNamespaceId('local~host'), { engine: 'local', owner: null });
  for (const id of ['', '~', 'local', 'local~', 'local~abc~x', '~host', `local~${facts.id}`, `local~${facts.id}~x~y`])
    assert.equal(parseNamespaceId(id), null, id);
});

test('the table of ps is read by its titles; what it does not know or may not see is unknown', () => {
  const processes = readProcesses({
    Titles: ['NETNS', 'PID', 'USERNS', 'COMMAND'],
    Processes: [
      ['4026531833', '7', '-', 'sh -c x'],
      ['-', 'x', '5', ''],
    ],
  });
  assert.deepEqual(processes, [{ pid: 7, inodes: { ...unknownInodes, net: 4026531833 } }]);
  assert.deepEqual(readProcesses({ Titles: null, Processes: null }), []);
});

test("a scout's answer is read; what it does not say is unknown", () => {
  const answer = new Map([
    ['host net', 'net:[4026531833]\n'],
    ['host mnt', 'mnt:[4026532999]\n'],
    ['host user', ''],
    ['device', '4026531874\n'],
    ['process 7', '4026531874\n'],
    ['cgroup 7', '0::/x\n'],
    ['process 8', ''],
  ]);
  assert.deepEqual(readHostInodes(answer), { ...unknownInodes, net: 4026531833 }, 'its mnt is its own');
  assert.equal(readHostDevice(answer), 4026531874);
  assert.deepEqual(readProcess(answer, 7), { device: 4026531874, cgroup: '0::/x\n' });
  assert.deepEqual(readProcess(answer, 8), { device: null, cgroup: '' }, 'dead, and not waited for');
  assert.equal(readProcess(answer, 9), undefined);
});
