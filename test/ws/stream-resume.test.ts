// Clients that are cut, slowed and attached again at random points, beside ones that never are: they hold the same state at every step, and
// of the events each is told once, or a gap says that it is not.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { EventReader } from '../support/event-reader.ts';
import { uniqueName } from '../support/run-id.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { connectStream, type Frame, type StreamClient } from '../support/stream-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const random = seededRandom(seed);
const server = await startApp({ after });
const api = useApi(server, { after });

/** Opens and closes listeners at random for so many rounds, then keeps what is open. */
const churn = (rounds: number) => `
for n in $(seq ${rounds}); do
  p=$((2000 + $(od -An -N1 -tu1 /dev/urandom) % 8))
  if eval "[ -n \\"\\$pid$p\\" ]"; then eval "kill \\$pid$p; pid$p="; else httpd -f -p $p & eval "pid$p=$!"; fi
  usleep 60000
done
sleep 3600`;

function connect(path: string): Promise<StreamClient> {
  return connectStream({ after }, `${server.url}/api/v1/${path}`, { headers: { ...server.headers } });
}

/** The rows by id, in an order of their own. */
function spell(data: Frame | null): string {
  const rows: Frame[] = data?.sockets ?? [];
  return JSON.stringify([...rows].sort((one, other) => (one.id < other.id ? -1 : 1)));
}

/** A client reads, or does not read for a while, before it is cut at a random moment. */
async function live(client: StreamClient): Promise<void> {
  const isSlow = random() < 0.3;
  if (isSlow) client.socket.pause();
  await letTimePass(random() * 120, 'the client reads, or is paused, for a random time');
  if (isSlow) client.socket.resume();
  if (random() < 0.5) await letTimePass(random() * 40, 'the client is cut some time after it reads again');
}

test('sockets: two hundred cuts, and the same state at every number', async () => {
  const { id } = await api.create('closed', { command: ['sh', '-c', churn(300)] });
  const path = `containers/${id}/netstat?options=tan&intervalMs=100`;
  const steady = await connect(path);
  /** What the one that was never cut held after each number. */
  const states = new Map<number, string>();
  const note = () => {
    for (const { seq, data } of steady.streams.values()) states.set(seq, spell(data));
  };
  steady.socket.on('message', note);
  await steady.until('a snapshot', ({ data }) => data);
  note();

  const seen: [seq: number, state: string][] = [];
  const cutOften = async (cuts: number) => {
    for (let cut = 0; cut < cuts; cut += 1) {
      const client = await connect(path);
      const look = () => {
        for (const { seq, data } of client.streams.values()) seen.push([seq, spell(data)]);
      };
      look();
      client.socket.on('message', look);
      await live(client);
      client.socket.terminate();
    }
  };
  await Promise.all([cutOften(50), cutOften(50), cutOften(50), cutOften(50)]);
  const last = await connect(path);
  await last.until('the state of the other', () => last.data && spell(last.data) === spell(steady.data));

  const compared = seen.filter(([seq]) => states.has(seq));
  for (const [seq, state] of compared) assert.equal(state, states.get(seq), `number ${seq}`);
  assert.ok(compared.length > 100, `only ${compared.length} states were compared`);
  assert.ok(states.size > 15, `only ${states.size} states came by`);
});

test('events: cut two hundred times, each is told once, and the sum is the same', async () => {
  const lab = uniqueName('lab');
  const made = await Promise.all([1, 2].map(() => api.create('closed', { lab })));
  const steady = new EventReader();
  const first = await connect(`events?lab=${lab}`);
  for (const frame of first.frames) steady.take(frame);
  first.socket.on('message', (data) => steady.take(JSON.parse(String(data))));
  await first.until('a snapshot', () => steady.snapshots === 1);

  let isOver = false;
  const driving = (async () => {
    while (!isOver)
      for (const { id } of made)
        for (const verb of ['pause', 'unpause']) {
          await api.post(`/containers/${id}/${verb}`).expect(200);
          await letTimePass(20, 'the pace at which events happen');
        }
  })();
  const follow = async (cuts: number): Promise<EventReader> => {
    const reader = new EventReader();
    const attach = async () => {
      const resume = reader.snapshots === 0 ? '' : `&bootId=${reader.bootId}&seq=${reader.seq}`;
      const client = await connect(`events?lab=${lab}${resume}`);
      for (const frame of client.frames) reader.take(frame);
      client.socket.on(
        'message',
        (data) => client.socket.readyState === client.socket.OPEN && reader.take(JSON.parse(String(data))),
      );
      return client;
    };
    for (let cut = 0; cut < cuts; cut += 1) {
      const client = await attach();
      await live(client);
      client.socket.terminate();
    }
    await attach();
    return reader;
  };
  const starts = steady.seq;
  const readers = await Promise.all([follow(50), follow(50), follow(50), follow(50)]);
  isOver = true;
  await driving;
  const end = steady.seq;
  assert.ok(steady.events.length > 40, `${steady.events.length} events`);
  for (const reader of readers) {
    await waitFor((see) => see(reader.seq) >= end, { what: `the event ${end}` });
    assert.deepEqual(reader.gaps, []);
    assert.ok(starts <= (reader.events[0]?.seq ?? 0));
    const from = reader.events[0]?.seq ?? 0;
    assert.deepEqual(
      reader.events.map(({ seq }) => seq),
      steady.events.map(({ seq }) => seq).filter((seq) => seq >= from),
    );
    assert.deepEqual(Object.fromEntries(reader.containers), Object.fromEntries(steady.containers));
  }
});
