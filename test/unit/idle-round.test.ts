// One question for all in whom nothing moves, played by hand: who is asked, who is told, and what may be said to be confirmed.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Pace, ProbeAnswer, ProbeTarget } from '../../src/domain/observation/probe-protocol.ts';
import type { Metronome } from '../../src/services/observation/metronome.ts';
import { type IdleMember, type IdleQuestion, IdleRound } from '../../src/services/observation/probe/idle-round.ts';

interface Turn extends IdleQuestion {
  resolve(answer: { answers: ReadonlyMap<number, ProbeAnswer>; isPaced: boolean }): void;
  reject(error: unknown): void;
}

const intervalMs = 1_000;

/** A round whose moments and answers the test makes. */
class PlayedRound {
  #ring: (() => void) | undefined;
  #turn: Turn | undefined;
  empty = 0;
  mayPace = true;
  /** For when it waits, on the monotonic clock. */
  wakeAt = 0;
  readonly round = new IdleRound({
    intervalMs,
    metronome: {
      wakeAt: (at: number, wake: () => void) => {
        this.wakeAt = at;
        this.#ring = wake;
        return () => {
          this.#ring = undefined;
        };
      },
    } as unknown as Metronome,
    askAll: (question) =>
      new Promise((resolve, reject) => {
        this.#turn = { ...question, resolve, reject };
      }),
    mayPace: () => this.mayPace,
    now: () => Date.now(),
    onEmpty: () => {
      this.empty += 1;
    },
  });

  get isArmed(): boolean {
    return this.#ring !== undefined;
  }

  /** A moment comes. Answers whether it asks for a turn. */
  ring(): boolean {
    this.#turn = undefined;
    this.#ring?.();
    return this.#turn !== undefined;
  }

  /** Its turn has come: the keys that it asks about. */
  asked(): number[] {
    return (this.#turn?.questions() ?? []).map(({ key }) => key);
  }

  /** How the probe may go on by itself. */
  get pace(): Pace | null | undefined {
    return this.#turn?.pace;
  }

  answer(...spoken: [number, string][]): Promise<void> {
    return this.#answer(spoken, false);
  }

  /** The probe goes on by itself. */
  answerPaced(...spoken: [number, string][]): Promise<void> {
    return this.#answer(spoken, true);
  }

  async #answer(spoken: [number, string][], isPaced: boolean): Promise<void> {
    const answers = new Map(spoken.map(([key, word]) => [key, new Map([[word, '']])]));
    this.#turn?.resolve({ answers, isPaced });
    this.#turn = undefined;
    await settle();
  }

  /** Something makes it think: answers whether it asks for a turn. */
  asksWhen(happens: () => void): boolean {
    this.#turn = undefined;
    happens();
    return this.#turn !== undefined;
  }

  async break(error: Error): Promise<void> {
    this.#turn?.reject(error);
    await settle();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** One who writes down what it is told. */
function member(key: number, more: Partial<IdleMember> = {}) {
  const told: string[] = [];
  const target: ProbeTarget = { pid: key, container: String(key), members: [] };
  const one: IdleMember = {
    key,
    words: [`g${key}`],
    until: Number.POSITIVE_INFINITY,
    target: () => target,
    answered: (answer) => told.push(`answered ${[...(answer?.keys() ?? [])]}`),
    over: () => told.push('over'),
    failed: (error) => told.push(`failed ${(error as Error).message}`),
    ...more,
  };
  return Object.assign(one, { told });
}

test('all are asked at once; who is spoken of is told and leaves, silence confirms the others', async () => {
  const played = new PlayedRound();
  const [a, b] = [member(1), member(2)];
  const [placeA, placeB] = [played.round.join(a), played.round.join(b)];
  assert.deepEqual([placeA.confirmed, placeB.confirmed], [null, null]);
  assert.ok(played.ring());
  assert.deepEqual(played.asked(), [1, 2]);
  await played.answer();
  const first = placeA.confirmed;
  assert.ok(first !== null && placeB.confirmed === first);
  played.ring();
  await played.answer([2, 'late']);
  assert.deepEqual([a.told, b.told], [[], ['answered late']]);
  assert.notEqual(placeA.confirmed, first);
  assert.equal(placeB.confirmed, first, 'what it was told confirms nothing');
  played.ring();
  assert.deepEqual(played.asked(), [1]);
});

test('one who comes while the others are asked is not confirmed by their answer, nor told what was not said to it', async () => {
  const played = new PlayedRound();
  const a = member(1);
  played.round.join(a);
  played.ring();
  const late = member(2);
  const place = played.round.join(late);
  assert.deepEqual(played.asked(), [1]);
  await played.answer([2, 'read 1']);
  assert.deepEqual([late.told, place.confirmed], [[], null]);
  played.ring();
  assert.deepEqual(played.asked(), [1, 2]);
  await played.answer();
  assert.ok(place.confirmed);
});

test('one who leaves while it is asked about gets the answer first, and is not asked again', async () => {
  const played = new PlayedRound();
  const [a, b] = [member(1), member(2)];
  const [placeA, placeB] = [played.round.join(a), played.round.join(b)];
  played.ring();
  played.asked();
  const left = [placeA.leave(), placeB.leave()];
  await played.answer([1, 'read 1']);
  await Promise.all(left);
  assert.deepEqual([a.told, b.told], [['answered read 1'], []]);
  assert.equal(placeA.confirmed, null);
  assert.ok(placeB.confirmed, 'nothing was said of it, so it was still so');
  assert.deepEqual([played.isArmed, played.empty], [false, 1]);
});

test('one who leaves before its turn has come is not asked, and one who leaves in between has nothing to wait for', async () => {
  const played = new PlayedRound();
  const [a, b] = [member(1), member(2)];
  const [placeA, placeB] = [played.round.join(a), played.round.join(b)];
  played.ring();
  void placeA.leave();
  assert.deepEqual(played.asked(), [2]);
  await played.answer();
  assert.equal(placeA.confirmed, null, 'the answer is not about it');
  assert.equal(placeB.leave(), undefined);
  assert.equal(placeB.leave(), undefined, 'leaving twice changes nothing');
  assert.equal(played.empty, 1);
});

test('whose time has come, or where nobody runs, leaves without being asked', () => {
  const played = new PlayedRound();
  const [old, gone, a] = [member(1, { until: 0 }), member(2, { target: () => null }), member(3)];
  for (const one of [old, gone, a]) played.round.join(one);
  played.ring();
  assert.deepEqual(played.asked(), [3]);
  assert.deepEqual([old.told, gone.told, a.told], [['over'], ['over'], []]);
});

test('an answer that takes longer than the interval leaves moments out', () => {
  const played = new PlayedRound();
  played.round.join(member(1));
  assert.ok(played.ring());
  assert.ok(!played.ring(), 'no second question while one is asked');
});

test('a probe that cannot be asked tells everyone once, and the round is over', async () => {
  const played = new PlayedRound();
  const [a, b] = [member(1), member(2)];
  const place = played.round.join(a);
  played.round.join(b);
  played.ring();
  await played.break(new Error('gone'));
  assert.deepEqual([a.told, b.told, place.confirmed], [['failed gone'], ['failed gone'], null]);
  assert.deepEqual([played.isArmed, played.empty], [false, 1]);
});

/** A round in which one stands who was asked about, and the probe goes on by itself. */
async function pacedRound(more: Partial<IdleMember> = {}) {
  const played = new PlayedRound();
  const a = member(1, more);
  const place = played.round.join(a);
  played.ring();
  assert.deepEqual(played.asked(), [1]);
  assert.deepEqual(played.pace, { intervalMs, times: 3 });
  const asked = performance.now();
  await played.answerPaced();
  return { played, a, place, asked };
}

test('while the probe goes on by itself it is asked at the fourth moment, and nothing is confirmed meanwhile', async () => {
  const { played, place, asked } = await pacedRound();
  const moments = Math.floor(played.wakeAt / intervalMs) - Math.floor(asked / intervalMs);
  assert.ok(moments === 4 || moments === 3, `${moments} moments later`);
  const confirmed = place.confirmed;
  assert.ok(confirmed);
  await settle();
  assert.equal(place.confirmed, confirmed);
});

test('one who comes, and one who is not who it was, are asked about at the next moment', async () => {
  let target: ProbeTarget = { pid: 1, container: '1', members: [] };
  const { played } = await pacedRound({ target: () => target });
  const sooner = () => played.wakeAt - performance.now() <= intervalMs;
  assert.ok(!sooner());
  played.round.hurry();
  assert.ok(sooner());
  assert.ok(!played.ring(), 'nobody has changed');
  assert.ok(!sooner());
  target = { ...target, pid: 2 };
  played.round.hurry();
  assert.ok(sooner() && played.ring());
  played.asked();
  await played.answerPaced();
  played.round.join(member(2));
  assert.ok(sooner() && played.ring());
  assert.deepEqual(played.asked(), [1, 2]);
});

test('what the probe notices is asked about at once, and once more where it was noticed while it was asked', async () => {
  const { played } = await pacedRound();
  assert.ok(played.asksWhen(() => played.round.stir()));
  assert.deepEqual(played.asked(), [1]);
  assert.ok(!played.asksWhen(() => played.round.stir()));
});

test('what is noticed with the answer is not forgotten', async () => {
  const played = new PlayedRound();
  const a = member(1);
  played.round.join(a);
  played.ring();
  played.asked();
  const answered = played.answerPaced();
  played.round.stir();
  await answered;
  assert.deepEqual(played.asked(), [1], 'it was asked again');
});

test('a probe that keeps another pace, or does not go on by itself, is asked at each moment', async () => {
  const played = new PlayedRound();
  played.mayPace = false;
  played.round.join(member(1));
  played.ring();
  played.asked();
  assert.equal(played.pace, null);
  await played.answer();
  assert.ok(!played.asksWhen(() => played.round.stir()), 'there is nothing to be noticed');
  played.mayPace = true;
  played.ring();
  played.asked();
  await played.answer();
  assert.ok(played.wakeAt - performance.now() <= intervalMs && played.ring());
  played.asked();
  await played.answerPaced();
  played.mayPace = false;
  played.round.hurry();
  assert.ok(played.ring(), 'a faster one has come');
});
