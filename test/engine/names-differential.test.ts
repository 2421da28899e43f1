// Which names are predicted to be found from where, against what Docker's own name server says there.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Container } from '../../src/schemas/container.ts';
import type { Reachability } from '../../src/schemas/verification.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { callDocker, createTestNetwork, execInContainer } from '../support/engine.ts';
import { uniqueName } from '../support/run-id.ts';

const server = await startApp({ after });

/** Asks Docker's name server about all of them at once; one who does not answer within the time knows none. */
async function findNames(container: string, names: readonly string[]): Promise<string[]> {
  const script =
    'for name; do (timeout 4 nslookup -type=a "$name" 127.0.0.11 2>&1 | grep -q "^Name:" && echo "$name") & done; wait';
  const { stdout } = await execInContainer(container, 'sh', '-c', script, 'sh', ...names);
  return stdout.split('\n').filter(Boolean).sort();
}

test("the names that are predicted are those that Docker's name server knows", async (t) => {
  const api = useApi(server, t);
  const lab = uniqueName('names');
  const [red, blue] = [await createTestNetwork(t), await createTestNetwork(t)];
  const on = (network: string, more = {}) => api.create('bridged', { lab, network, ...more });
  const alias = uniqueName('alias');
  const [one, two, three] = [
    await on(red.name, { aliases: [alias] }),
    await on(red.name),
    await on(blue.name, { aliases: [alias, uniqueName('only')] }),
  ];
  // Of two networks, and known on the second one by a name of its own.
  const both = await on(red.name);
  const second = uniqueName('second');
  const endpoint = { Container: both.id, EndpointConfig: { Aliases: [second] } };
  await callDocker('POST', `/networks/${blue.id}/connect`, endpoint);
  const joined = await api.create('joined', { lab, target: three.name });
  const plain = await on('bridge');
  const closed = await api.create('closed', { lab });

  const all: Container[] = [one, two, three, both, joined, plain, closed];
  const { body } = await api.get(`/reachability?lab=${lab}`);
  const { pairs } = body as Reachability;
  const known = [...new Set([...pairs.flatMap(({ names }) => names), ...all.map(({ name }) => name)])];
  for (const name of [alias, second, one.name, two.name, three.name, both.name, both.id.slice(0, 12)])
    assert.ok(known.includes(name), `${name} is predicted for somebody`);

  for (const source of all) {
    const predicted = pairs.filter(({ from }) => from === source.id);
    assert.equal(predicted.length, all.length, 'the others, and the host');
    // Itself, and who shares its namespace, has no pair of names to compare.
    const own = [source.id, ...(source.joinedTo === null ? [] : [source.joinedTo.id])];
    const ofOwn = pairs.filter(({ to }) => own.includes(to)).flatMap(({ names }) => names);
    const asked = known.filter(
      (name) => !ofOwn.includes(name) && !all.some((one) => own.includes(one.id) && one.name === name),
    );
    const expected = [...new Set(predicted.flatMap(({ names }) => names))]
      .filter((name) => asked.includes(name))
      .sort();
    assert.deepEqual(await findNames(source.id, asked), expected, `from ${source.name}`);
  }
  const fromPlain = pairs.find(({ from, to }) => from === plain.id && to === one.id);
  assert.deepEqual([fromPlain?.names, fromPlain?.namesReason], [[], 'the default bridge resolves no names']);
});
