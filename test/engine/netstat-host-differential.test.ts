// The same in the host's own namespace, which is nobody else's on an engine of the test's own: among others' sockets there would be no quiet point.
// TERRARIUM_SWEEP=1 plays many more.
import test, { after } from 'node:test';
import { createTestContainer } from '../support/engine.ts';
import { everywhere, learn, openReader, prove, startObservers } from '../support/netstat-comparison.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { playerImage, startSocketPlayer } from '../support/socket-player.ts';

const skip = whyNoPrivateEngine();
// With the file, so that what a test made on it is removed before it goes.
const engine = skip === false ? await startPrivateEngine({ after }, { image: 'busybox:latest' }) : undefined;

test('host mode', { skip }, async (t) => {
  await engine?.loadImage(playerImage);
  process.env.DOCKER_HOST = engine?.host;
  const observers = await startObservers(t);
  const { id } = await createTestContainer(t, { body: { HostConfig: { NetworkMode: 'host', Init: false } } });
  const inside = await startSocketPlayer(t, { body: { HostConfig: { NetworkMode: 'host' } } });
  const reader = await openReader(t, id);
  await learn(observers, id, inside.id);
  await prove(t, { observers, asked: [id], reader, world: { inside, ...everywhere } });
});
