// Who reaches whom across two real engines of one swarm: what is predicted is what real connections find, checked by Perl from inside the containers. And
// what is said when a node is away.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import pLimit from 'p-limit';
import type { ReachabilityEntry } from '../../src/schemas/reachability.ts';
import type { Reachability } from '../../src/schemas/verification.ts';
import { startApp } from '../support/app.ts';
import { differentialRun } from '../support/generated-strings.ts';
import { drawSwarmLab, makeSwarmLab } from '../support/generated-swarm-lab.ts';
import { connectFrom, containerPlace, hostPlace } from '../support/outside-client.ts';
import { whyNoPrivateEngine } from '../support/private-engine.ts';
import { startSwarm } from '../support/swarm.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const isSweep = process.env.TERRARIUM_SWEEP === '1';
const { seed } = differentialRun(0);
/** Labs, containers in each, and connections that are made by Perl too. */
const plan = isSweep ? { labs: 10, size: 16, checked: 40 } : { labs: 1, size: 8, checked: 12 };

const swarm = skip === false ? await startSwarm({ after }) : undefined;
const app = swarm === undefined ? undefined : await startApp({ after }, { config: { engines: swarm.engines } });

function given() {
  if (swarm === undefined || app === undefined) assert.fail();
  return { swarm, app };
}

async function readMatrix(query: string): Promise<Reachability> {
  const { url, headers } = given().app;
  const answer = await fetch(`${url}/api/v1/reachability?${query}`, { headers });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text);
}

function spell({ nodes }: Reachability) {
  const name = (id: string) => nodes.find((node) => node.id === id)?.name ?? id;
  return ({ from, to, address, port, code, outcome, sentence }: ReachabilityEntry) =>
    `${name(from)} → ${name(to)} ${address}:${port}: ${outcome} (${code}, ${sentence})`;
}

/** Is the result of a connection what was predicted? */
function fits({ outcome, seenAs }: ReachabilityEntry, result: string): boolean {
  if (outcome === 'unknown') return true;
  if (outcome === 'reaches' || seenAs === 'silent') return result === 'open';
  return seenAs === null ? result !== 'open' : result === seenAs;
}

/** Every n-th, so that each source and target has its turn. */
function choose<T>(all: readonly T[], count: number): T[] {
  const step = Math.max(1, Math.floor(all.length / count));
  return all.filter((_, index) => index % step === 0).slice(0, count);
}

test('generated labs on two engines: what is predicted is what happens', { skip }, async (t) => {
  const { swarm: real } = given();
  const sums = { labs: 0, entries: 0, across: 0, reachAcross: 0, undecided: 0, changed: 0, checked: 0, pairs: 0 };
  const codes = new Map<string, number>();
  for (let lab = 0; lab < plan.labs; lab += 1) {
    const name = `gen${lab}`;
    const remove = await makeSwarmLab(real, drawSwarmLab(plan.size, 2, seed + lab), {
      name,
      firstPort: 20_000 + 100 * lab,
    });
    t.after(remove);
    await waitFor(
      async (see) => {
        const before = await readMatrix(`lab=${name}`);
        return (
          see(before.nodes).length > 4 &&
          see(JSON.stringify(before.entries)) === JSON.stringify((await readMatrix(`lab=${name}`)).entries)
        );
      },
      { what: 'the lab to have started', timeoutMs: 60_000, intervalMs: 250 },
    );
    const matrix = await readMatrix(`lab=${name}&verify=true`);
    const { verification, nodes, pairs } = matrix;
    assert.ok(verification);
    assert.deepEqual(matrix.engines, ['manager', 'worker']);
    assert.deepEqual(verification.disagreements, [], `seed ${seed + lab}`);
    assert.deepEqual(verification.unverified, []);
    const missing = matrix.entries.filter(({ verifiable, verified }) => verifiable && verified === null);
    assert.deepEqual(missing.map(spell(matrix)), [], 'what can be verified is');
    const people = nodes.length;
    assert.equal(pairs.length, people * (people - 1), 'every ordered pair');

    const engineOf = new Map(nodes.map(({ id, engine }) => [id, engine]));
    const verified = matrix.entries.filter((entry) => entry.verified !== null);
    const across = verified.filter(({ from, to }) => engineOf.get(from) !== engineOf.get(to));
    sums.labs += 1;
    sums.entries += verified.length;
    sums.across += across.length;
    sums.reachAcross += across.filter(({ outcome }) => outcome === 'reaches').length;
    sums.undecided += verification.undecided;
    sums.changed += verification.changed;
    sums.pairs += pairs.length;
    for (const { code, from, to } of matrix.entries) {
      const key = engineOf.get(from) === engineOf.get(to) ? code : `${code} across`;
      codes.set(key, (codes.get(key) ?? 0) + 1);
    }

    // The verifier is not believed without a second opinion.
    const limit = pLimit(6);
    const chosen = [...choose(across, plan.checked), ...choose(verified, plan.checked / 2)];
    const wrong = await Promise.all(
      chosen.map((entry) =>
        limit(async () => {
          const node = real.nodes.find((one) => one.name === engineOf.get(entry.from));
          assert.ok(node);
          const isHost = nodes.find(({ id }) => id === entry.from)?.kind === 'host';
          const place = isHost ? hostPlace(node.engine) : await containerPlace(node.engine, entry.from);
          const result = await connectFrom(place, entry);
          return fits(entry, result) ? [] : [`${spell(matrix)(entry)}, and ${result}`];
        }),
      ),
    );
    assert.deepEqual(wrong.flat(), [], `seed ${seed + lab}`);
    sums.checked += chosen.length;
    await remove();
  }
  t.diagnostic(`${JSON.stringify(sums)}, seed ${seed}; ${JSON.stringify(Object.fromEntries(codes))}`);
  assert.ok(sums.reachAcross > 0, 'two containers on one overlay reach each other across the engines');
});
