// What a container of a lab reaches of the server and of its engine: nothing, unless the server or the engine was told to listen where containers
// are, or the container has the host's namespace; and then a token stands before the server, and nothing before a plain tcp:// engine. On real ones.
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import test, { after } from 'node:test';
import { useApi } from '../support/api.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { callDocker, execInContainer } from '../support/engine.ts';
import { labName, useLabs } from '../support/labs.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { startServerProcess } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });
const api = useApi(server, { after });
const port = Number(new URL(server.url).port);

const lab = labName();
await useLabs(server, { after }).apply(lab, {
  networks: { lan: null },
  containers: {
    'on-docker0': { mode: 'bridged', network: 'bridge', capabilities: ['NET_ADMIN', 'NET_RAW'] },
    'on-lan': { mode: 'bridged', network: 'lan' },
    published: { mode: 'open', network: 'lan', ports: [80], command: ['httpd', '-f', '-p', '80'] },
    mate: { mode: 'joined', target: 'on-lan' },
    alone: { mode: 'closed' },
  },
} as never);
const names = ['on-docker0', 'on-lan', 'published', 'mate', 'alone'].map((name) => `${lab}-${name}`);

/** Every IPv4 address by which this machine could be meant: its own, and the gateways of the container's networks. */
async function addressesFrom(name: string): Promise<string[]> {
  const { NetworkSettings } = await callDocker('GET', `/containers/${name}/json`);
  const gateways = Object.values<{ Gateway: string }>(NetworkSettings.Networks).map(({ Gateway }) => Gateway);
  const own = Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).filter(({ family }) => family === 'IPv4'),
  );
  return [...new Set([...gateways, ...own.map(({ address }) => address), '127.0.0.1', '0.0.0.0'])].filter(
    (one) => one !== '',
  );
}

interface Answer {
  readonly connected: boolean;
  readonly text: string;
}

/** Speaks HTTP from inside, by the container's own busybox. */
async function ask(name: string, address: string, at: number, headers = `Host: ${address}:${at}`): Promise<Answer> {
  const request = `GET /api/v1/engines HTTP/1.1\\r\\n${headers}\\r\\nConnection: close\\r\\n\\r\\n`;
  const line = `printf '${request}' | timeout 5 nc -w 3 ${address} ${at}`;
  const { stdout } = await execInContainer(name, 'sh', '-c', line);
  return { connected: stdout !== '', text: stdout };
}

test("a server that listens where it does by default is reached by no container but one in the host's namespace", {
  timeout: 600_000,
}, async () => {
  for (const name of names) {
    for (const address of await addressesFrom(name)) {
      const { text } = await ask(name, address, port);
      assert.equal(text, '', `${name} reaches the server at ${address}:${port}`);
    }
  }
  const host = await api.create('open', { host: true });
  const { text } = await ask(host.name, '127.0.0.1', port);
  assert.match(text, /^HTTP\/1\.1 401 /, 'with the right of the host comes its loopback, and the token still counts');
});

test('nor by one that has the rights over its own network, which sends to 127.0.0.1 over its bridge', async () => {
  const [name = ''] = names;
  const { Gateway } = (await callDocker('GET', `/containers/${name}/json`)).NetworkSettings.Networks.bridge;
  const { code, stderr } = await execInContainer(
    name,
    'sh',
    '-c',
    `ip route del local 127.0.0.1 table local; ip route del local 127.0.0.0/8 table local; ip route add 127.0.0.1 via ${Gateway}`,
  );
  assert.equal(code, 0, stderr);
  const { stdout } = await execInContainer(name, 'ip', 'route', 'get', '127.0.0.1');
  assert.match(stdout, new RegExp(`via ${Gateway}`), 'it does send it there');
  assert.equal((await ask(name, '127.0.0.1', port)).text, '');
});

test('a server that listens on every address is reached over a bridge: by its name alone, and with its token only', {
  timeout: 300_000,
}, async (t) => {
  const wide = await startServerProcess(t, {
    env: { TERRARIUM_HOST: '0.0.0.0', TERRARIUM_ALLOWED_HOSTS: 'lab.example', TERRARIUM_LOG_LEVEL: 'warn' },
  });
  const at = Number(new URL(wide.url).port);
  for (const name of [`${lab}-on-lan`, `${lab}-mate`, `${lab}-on-docker0`]) {
    const [gateway = ''] = await addressesFrom(name.replace('mate', 'on-lan'));
    assert.match((await ask(name, gateway, at)).text, /^HTTP\/1\.1 403 [\s\S]*host_not_allowed/, name);
    assert.match((await ask(name, gateway, at, 'Host: lab.example')).text, /^HTTP\/1\.1 401 /, name);
    assert.match(
      (await ask(name, gateway, at, `Host: lab.example\\r\\nAuthorization: ${wide.headers.authorization}`)).text,
      /^HTTP\/1\.1 200 /,
      name,
    );
  }
  assert.equal((await ask(`${lab}-alone`, '127.0.0.1', at)).text, '', 'a closed one reaches nothing');
});

test('an engine on 127.0.0.1:2375 is out of reach of containers, one on 0.0.0.0:2375 is root for each on a bridge, and is warned of', {
  skip: whyNoPrivateEngine(),
  timeout: 600_000,
}, async (t) => {
  const reachesEngine = async (listens: string) => {
    const before = process.env.DOCKER_HOST;
    const engine = await startPrivateEngine(t, {
      image: 'busybox:latest',
      args: ['--tls=false', '--host', `tcp://${listens}:2375`],
    });
    process.env.DOCKER_HOST = engine.host;
    try {
      const running = await startApp(t);
      return await askAll(running, t);
    } finally {
      if (before === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = before;
    }
  };
  const near = await reachesEngine('127.0.0.1');
  assert.deepEqual(near.bridged, false);
  assert.deepEqual(near.closed, false);
  assert.deepEqual(
    near.host,
    true,
    "the host's namespace holds the engine's port, too: that is why it is a right of its own",
  );
  const wide = await reachesEngine('0.0.0.0');
  assert.deepEqual([wide.bridged, wide.closed], [true, false]);
  assert.match(wide.dangers, /2375/);
});

async function askAll(running: RunningApp, t: { after: typeof after }) {
  const near = useApi(running, t);
  const bridged = await near.create('bridged');
  const closed = await near.create('closed');
  const host = await near.create('open', { host: true });
  const reaches = async (name: string, address: string) => {
    const line = `printf 'GET /_ping HTTP/1.0\\r\\n\\r\\n' | timeout 5 nc -w 3 ${address} 2375`;
    return (await execInContainer(name, 'sh', '-c', line)).stdout.includes('OK');
  };
  const gateway = bridged.networks[0]?.gateway ?? '';
  await waitFor(async (see) => see((await near.get('/readyz'.replace('/readyz', '/engines'))).status) === 200, {
    what: 'the server',
  });
  const { body } = await near.get('/engines/local/daemon-config');
  return {
    bridged: (await reaches(bridged.name, gateway)) || (await reaches(bridged.name, '127.0.0.1')),
    closed: await reaches(closed.name, '127.0.0.1'),
    host: await reaches(host.name, '127.0.0.1'),
    dangers: JSON.stringify(body.problems ?? body.dangers ?? body),
  };
}
