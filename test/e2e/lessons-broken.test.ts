// Each check of each lesson, with its statement broken on purpose: it has to fail, and to say what it saw. On an engine of its own, where rules can be
// removed and names taken without anybody's loss.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { LabFile } from '../../src/schemas/lab.ts';
import type { CheckReport } from '../../src/schemas/lab-check.ts';
import { describePrincipal } from '../../src/services/access.ts';
import { createLessons } from '../../src/services/lessons/lessons.ts';
import { startApp } from '../support/app.ts';
import { useLabs } from '../support/labs.ts';
import { type Breakage, breakages } from '../support/lesson-breakages.ts';
import { openLessonPlace } from '../support/lesson-places.ts';
import { whyNoPrivateEngine } from '../support/private-engine.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { type See, waitFor } from '../support/wait-for.ts';

/** One in three, chosen by chance, and all of them in the sweep. */
const chance = process.env.TERRARIUM_SWEEP === undefined ? seededRandom(seed) : () => 0;
const isPlayed = () => chance() < 1 / 3;

const lessons = createLessons();
const principal = describePrincipal('test', 'admin');
const all = await lessons.list(principal);

test('each check fails when its statement is broken', { skip: whyNoPrivateEngine() }, async (t) => {
  const place = await openLessonPlace(t);
  process.env.DOCKER_HOST = place.engine.host;
  const labs = useLabs(await startApp(t), { after: () => {} });
  const check = async (lesson: string, names: readonly string[], query = ''): Promise<CheckReport> =>
    (await labs.call('post', `/labs/${lesson}/check?check=${names.join(',')}${query}`)).body;

  for (const { name } of all)
    await t.test(name, async (t) => {
      const { file } = await lessons.get(principal, name);
      t.after(async () => {
        await labs.call('delete', `/labs/${name}`);
      });
      await labs.apply(name, file);
      const whole = await check(name, Object.keys(file.checks ?? {}), '&wait=30s');
      assert.equal(whole.status, 'pass', JSON.stringify(whole.results.filter(({ status }) => status !== 'pass')));
      t.diagnostic(`seed ${seed}`);
      for (const breakage of (breakages[name] ?? []).filter(isPlayed)) {
        await labs.apply(name, breakFile(file, breakage));
        await breakage.act?.(place);
        let seen: CheckReport['results'] = [];
        const areBroken = async (see: See) => {
          seen = see((await check(name, breakage.breaks)).results);
          // That a container is not there breaks everything, and proves nothing.
          const isSeen = (evidence: string) => !/^$|does not run|no container/.test(evidence);
          return seen.length > 0 && seen.every(({ status, evidence }) => status === 'fail' && isSeen(evidence));
        };
        await waitFor(areBroken, { what: breakage.how, intervalMs: 300 }).catch(() =>
          assert.fail(`${breakage.how}: ${JSON.stringify(seen)}`),
        );
        await breakage.undo?.(place);
      }
    });
});

test('there is a breakage of every check', async () => {
  for (const { name } of all) {
    const { file } = await lessons.get(principal, name);
    const broken = (breakages[name] ?? []).flatMap(({ breaks }) => breaks);
    assert.deepEqual(broken.toSorted(), Object.keys(file.checks ?? {}).sort(), name);
  }
  assert.deepEqual(
    Object.keys(breakages),
    all.map(({ name }) => name),
  );
});

/** The file as the breakage has it. Nothing waits to be ready: it would wait for what is broken. */
function breakFile(file: LabFile, { containers = {}, rest = {} }: Breakage): LabFile {
  const changed = Object.entries({ ...file.containers, ...containers }).map(([name, container]) => {
    const { ready: _ready, ...one } = container;
    return [name, one] as const;
  });
  const checks = { ...file.checks, ...rest.checks };
  return { ...file, ...rest, checks, containers: Object.fromEntries(changed) as LabFile['containers'] };
}
