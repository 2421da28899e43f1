// @lane sweep
// An engine with live-restore that is killed while clients do all that they do, and started again: nothing that was acknowledged is lost, nothing is left,
// and who watches is told within two seconds, is live within five of its return, and does nothing for it.
import { after, test } from 'node:test';
import { endsOf, playEngineOutages } from '../support/engine-end.ts';
import { whyNoPrivateEngine } from '../support/private-engine.ts';

const skip = whyNoPrivateEngine();

test('killed, and its containers live on', { skip }, (t) =>
  playEngineOutages(t, { after }, endsOf('kill'), { args: ['--live-restore'] }),
);
