// @lane sweep
// An engine that is stopped where it stands (SIGSTOP) and goes on later, as a machine does that swaps, or whose processor was taken away: what was asked for
// before may still be done after it.
import { after, test } from 'node:test';
import { playEngineOutages } from '../support/engine-end.ts';
import { whyNoPrivateEngine } from '../support/private-engine.ts';

const pauses = [30_000, 5_000, 3_000];
const skip = whyNoPrivateEngine();

test(`an engine is paused for ${pauses.map((ms) => `${ms / 1_000} s`).join(', ')}`, { skip }, (t) =>
  playEngineOutages(
    t,
    { after },
    pauses.map((lastsMs) => ({ begin: (engine) => engine.freeze(), end: (engine) => engine.thaw(), lastsMs })),
  ),
);
