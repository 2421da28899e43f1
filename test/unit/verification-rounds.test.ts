// How the connections of a verification are divided, so that the host's table of neighbours is not filled.
import assert from 'node:assert/strict';
import test from 'node:test';
import { planRounds, Rounds, spellMeeting } from '../../src/services/reachability/rounds.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

test('all who meet have a round, two have one whoever begins, and no round is too large', () => {
  const count = 50;
  const meetings = Array.from({ length: count * count }, (_, i) => ({
    from: i % count,
    to: Math.floor(i / count) - 1,
  }));
  const rounds = planRounds(meetings.filter(({ from, to }) => from !== to));
  const sizes = new Map<number, number>();
  for (const round of rounds.values()) sizes.set(round, (sizes.get(round) ?? 0) + 1);
  assert.deepEqual([...sizes.keys()].sort(), [0, 1, 2, 3]);
  assert.ok([...sizes.values()].every((size) => size <= 400));
  assert.equal(spellMeeting({ from: 7, to: 3 }), spellMeeting({ from: 3, to: 7 }));
  // The first are those of the first parties.
  assert.equal(rounds.get(spellMeeting({ from: 0, to: 27 })), 0);
  assert.equal(rounds.get(spellMeeting({ from: 0, to: 49 })), 3);
});

test('a lab that the table can bear is one round', () => {
  const meetings = Array.from({ length: 28 * 28 }, (_, i) => ({ from: i % 28, to: Math.floor(i / 28) }));
  const rounds = planRounds(meetings.filter(({ from, to }) => from !== to));
  assert.deepEqual([...new Set(rounds.values())], [0]);
});

test('a round begins when that before it is done; the first at once', async () => {
  const rounds = new Rounds([2, 0, 1], { roundMs: 0, signal: new AbortController().signal });
  const opened: number[] = [];
  for (const round of [0, 1, 2]) void rounds.opened(round).then(() => opened.push(round));
  const turn = () => letTimePass(5, 'a round that may begin does so within this time');
  await waitFor((see) => see(opened).length > 0, { what: 'the first round', intervalMs: 1 });
  await turn();
  assert.deepEqual(opened, [0]);
  rounds.done(0);
  await turn();
  assert.deepEqual(opened, [0]);
  rounds.done(0);
  await waitFor((see) => see(opened).length === 3, { what: 'the other rounds', intervalMs: 1 });
  assert.deepEqual(opened, [0, 1, 2]);
});
