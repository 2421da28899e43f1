// What is predicted against what real connections find: from inside by the server's own verifier, which is checked against Perl, and from outside by a
// client of the test's. On an engine of the test's own, with labs by chance.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import pLimit from 'p-limit';
import type { ReachabilityEntry } from '../../src/schemas/reachability.ts';
import type { Reachability, VerifiedEntry } from '../../src/schemas/verification.ts';
import { startApp } from '../support/app.ts';
import { drawLab, makeGeneratedLab } from '../support/generated-lab.ts';
import { differentialRun } from '../support/generated-strings.ts';
import {
  connectFrom,
  containerPlace,
  hostPlace,
  must,
  type Place,
  plugOutsideClient,
} from '../support/outside-client.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { type See, waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const isSweep = process.env.TERRARIUM_SWEEP === '1';
const { seed } = differentialRun(0);
/** Labs, and containers in each. */
const plan = isSweep ? { labs: 12, size: 18, checked: 60 } : { labs: 1, size: 9, checked: 15 };
const atOnce = 6;

const engine = skip === false ? await startPrivateEngine({ after }, { image: 'busybox:latest' }) : undefined;
if (engine !== undefined) process.env.DOCKER_HOST = engine.host;
const client = engine === undefined ? undefined : await plugOutsideClient({ after }, engine);

type Ends = Pick<ReachabilityEntry, 'address' | 'port' | 'from' | 'to' | 'code'>;
const spell = ({ from, to, address, port, code }: Ends) =>
  `${from.slice(0, 12)} → ${to.slice(0, 12)} ${address}:${port} (${code})`;

async function readMatrix(
  app: { url: string; headers: { authorization: string } },
  query: string,
): Promise<Reachability> {
  const read = async (see: See) => {
    const answer = await fetch(`${app.url}/api/v1/reachability?${query}`, { headers: app.headers });
    const text = see(await answer.text());
    // The machine serves others too: the answer "overloaded" asks the client to come back.
    return !(answer.status === 503 && text.includes('overloaded')) && { status: answer.status, text };
  };
  const { status, text } = await waitFor(read, { what: 'the matrix', timeoutMs: 120_000, intervalMs: 500 });
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

function spellEnds({ from, to, address, port, protocol }: ReachabilityEntry): string {
  return [from, to, address, port, protocol].join(' ');
}

function placeOf(id: string): Promise<Place> {
  if (engine === undefined) assert.fail();
  return id === 'host' ? Promise.resolve(hostPlace(engine)) : containerPlace(engine, id);
}

/** Every n-th, so that each source and target has its turn. */
function choose<T>(all: readonly T[], count: number): T[] {
  const step = Math.max(1, Math.floor(all.length / count));
  return all.filter((_, index) => index % step === 0).slice(0, count);
}

/** Is the result of Perl what was predicted? A connection that was accepted, and is silent, looks like one that is open. */
function fits({ outcome, seenAs, carriedBy }: ReachabilityEntry, result: string): boolean {
  if (outcome === 'unknown') return true;
  if (outcome === 'reaches' || seenAs === 'silent') return result === 'open';
  return seenAs === null || (seenAs === 'closed' && carriedBy === null) ? result !== 'open' : result === seenAs;
}

test('generated labs: what is predicted is what happens', { skip }, async (t) => {
  if (engine === undefined || client === undefined) assert.fail();
  const app = await startApp(t);
  const sums = { labs: 0, pairs: 0, entries: 0, outside: 0, undecided: 0, changed: 0, checked: 0 };
  const codes = new Map<string, number>();
  const isEnough = () => sums.pairs >= (isSweep ? 1_000 : 20) && sums.outside > 0;
  // A drawn lab may have few who listen, or publish nothing.
  for (let lab = 0; lab < plan.labs || (!isEnough() && lab < 3 * plan.labs + 3); lab += 1) {
    const name = `gen${lab}`;
    const specs = drawLab(plan.size, seed + lab);
    const remove = await makeGeneratedLab(engine, specs, {
      name,
      hostAddress: client.host,
      firstPort: 20_000 + 100 * lab,
    });
    t.after(remove);
    const isQuiet = async () => {
      const before = await readMatrix(app, `lab=${name}`);
      const after = await readMatrix(app, `lab=${name}`);
      return before.nodes.length > 1 && JSON.stringify(before.entries) === JSON.stringify(after.entries);
    };
    await waitFor(isQuiet, { what: 'the lab to have started', intervalMs: 500 });

    const matrix = await readMatrix(app, `lab=${name}&verify=true`);
    const { verification } = matrix;
    assert.ok(verification);
    assert.deepEqual(verification.disagreements, [], `seed ${seed + lab}`);
    assert.deepEqual(verification.unverified, []);
    const verified = matrix.entries.filter((entry) => entry.verified !== null);
    const missing = matrix.entries.filter(
      ({ verifiable, verified: result, code }) => verifiable && result === null && code !== 'source_paused',
    );
    assert.deepEqual(missing.map(spell), [], 'what can be verified is');

    // A paused container accepts nothing, so these connections fill the queues of its listeners: what was predicted with room in a queue may be wrong
    // by then. It is the only reason to read the matrix again.
    const pausedIn = new Set(matrix.nodes.filter(({ state }) => state === 'paused').map(({ namespace }) => namespace));
    const isPaused = (id: string) =>
      pausedIn.has(matrix.nodes.find((node) => node.id === id)?.namespace ?? null) ||
      (id === 'host' && pausedIn.size > 0);
    const surprising = verified.filter((entry) => !fits(entry, entry.verified ?? ''));
    assert.deepEqual(surprising.filter(({ to }) => !isPaused(to)).map(spell), [], `seed ${seed + lab}`);

    await checkFromInside(name, verified, isPaused);
    sums.outside += await checkFromOutside(name, matrix.entries, isPaused);
    sums.labs += 1;
    sums.entries += verified.length;
    sums.pairs += new Set(verified.map(({ from, to }) => `${from} ${to}`)).size;
    sums.undecided += verification.undecided;
    sums.changed += verification.changed;
    for (const { code } of verified) codes.set(code, (codes.get(code) ?? 0) + 1);
    await remove();
    t.diagnostic(`lab ${lab}: ${JSON.stringify(sums)}`);
  }
  t.diagnostic(`${JSON.stringify(sums)}, seed ${seed}; ${JSON.stringify(Object.fromEntries(codes))}`);
  assert.ok(isEnough(), 'a lab of nobody proves nothing');
  assert.ok(sums.undecided <= sums.entries / 20, `${sums.undecided} of ${sums.entries} could not be predicted`);

  /** The verifier is not believed without a second opinion. */
  async function checkFromInside(
    name: string,
    verified: readonly VerifiedEntry[],
    isPaused: (id: string) => boolean,
  ): Promise<void> {
    const chosen = choose(verified, plan.checked);
    await check(name, chosen, { placeFor: ({ from }) => placeOf(from), isPaused });
    sums.checked += chosen.length;
  }

  async function checkFromOutside(
    name: string,
    entries: readonly ReachabilityEntry[],
    isPaused: (id: string) => boolean,
  ): Promise<number> {
    const outside = entries.filter(({ from, protocol }) => from === 'outside' && protocol === 'tcp');
    await check(name, outside, { placeFor: async () => client?.place ?? [], isPaused });
    return outside.length;
  }

  async function check(
    name: string,
    entries: readonly ReachabilityEntry[],
    {
      placeFor,
      isPaused,
    }: { placeFor(entry: ReachabilityEntry): Promise<Place>; isPaused(containerId: string): boolean },
  ): Promise<void> {
    const limit = pLimit(atOnce);
    const judge = async (entry: ReachabilityEntry) => {
      const place = await placeFor(entry);
      const result = await connectFrom(place, entry);
      if (fits(entry, result)) return [];
      const failure = [`${spell(entry)}: ${entry.outcome} ${entry.seenAs}, and ${result}`];
      if (!isPaused(entry.to)) return failure;
      const now = (await readMatrix(app, `lab=${name}`)).entries.find((one) => spellEnds(one) === spellEnds(entry));
      return now !== undefined && fits(now, await connectFrom(place, entry)) ? [] : failure;
    };
    const wrong = await Promise.all(entries.map((entry) => limit(() => judge(entry))));
    assert.deepEqual(wrong.flat(), [], `seed ${seed}`);
  }
});

test('what no rule shows is found by connecting, and told', { skip }, async (t) => {
  if (engine === undefined) assert.fail();
  const app = await startApp(t);
  const specs = drawLab(1, seed).slice(0, 1);
  const [spec] = specs;
  assert.ok(spec);
  const plain = {
    ...spec,
    kind: 'bridged',
    networks: [0],
    isPaused: false,
    listeners: [{ port: 80, where: 'any' }],
  } as const;
  const remove = await makeGeneratedLab(engine, [plain, plain], {
    name: 'hidden',
    hostAddress: '127.0.0.1',
    firstPort: 30_000,
  });
  t.after(remove);
  // Ports of a bridge that are isolated hear nothing of each other. The containers' cables are the newest.
  const host = hostPlace(engine);
  const cables = [...(await must(host, 'ip -o link show type veth')).matchAll(/: (veth\w+)@/g)].map(([, name]) => name);
  assert.equal(cables.length, 2);
  for (const cable of cables) await must(host, `ip link set dev ${cable} type bridge_slave isolated on`);
  await waitFor(async (see) => see((await readMatrix(app, 'lab=hidden')).entries).length >= 4, {
    what: 'the listeners',
  });
  const { verification } = await readMatrix(app, 'lab=hidden&verify=true');
  const between = verification?.disagreements.filter(({ from, to }) => from !== 'host' && to !== 'host') ?? [];
  assert.equal(between.length, 2);
  for (const { predicted, observed } of between) {
    assert.equal(predicted.outcome, 'reaches');
    assert.equal(observed, 'unreachable');
  }
  assert.equal(verification?.disagreements.length, 2, 'and nothing else');
});
