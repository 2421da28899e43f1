// @lane quiet
// Measures the time until clients receive the event that a joined container is stranded: at most two seconds. `orphans.test.ts` tests what follows. The test
// has an engine of its own, where no other server heals.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { docker } from '../support/engine.ts';
import { openOrphanLab, quick } from '../support/orphan-lab.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const engine = skip === false ? await startPrivateEngine({ after }, { image: 'busybox:latest' }) : undefined;
if (engine !== undefined) process.env.DOCKER_HOST = engine.host;

test('clients receive the event of a stranded container within two seconds', { skip }, async (t) => {
  const lab = await openOrphanLab(t, engine);
  const target = await lab.api.create('bridged', quick.serving);
  const member = await lab.api.create('joined', { target: target.id, rejoin: 'auto', ...quick.idle });
  const events = await lab.follow('events');
  const countTold = () =>
    events.of('event').filter(({ event, container }) => event === 'container.orphaned' && container?.id === member.id)
      .length;
  const late: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const before = countTold();
    await docker('restart', '--time', '0', target.name);
    const began = performance.now();
    await waitFor((see) => see(countTold()) > before, { what: `round ${round}: it to be told`, intervalMs: 5 });
    late.push(performance.now() - began);
    await lab.healed(member, target);
  }
  t.diagnostic(`told after ${late.map(Math.round).join(', ')} ms`);
  assert.ok(Math.max(...late) < 2_000, `told after ${late.map(Math.round).join(', ')} ms`);
});
