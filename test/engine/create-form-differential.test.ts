// The `docker run` line of the dashboard's form against the real Docker CLI: for generated forms, what the CLI sends the engine for the line is what we
// would send. And the `terrarium run` line against the command itself. TERRARIUM_TEST_CASES=500 makes it a sweep.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { toCreateBody } from '../../src/cli/run-body.ts';
import { createClient } from '../../src/client/node.ts';
import { listCliWords } from '../../web/src/views/create/cli-words.ts';
import {
  type DockerRequest,
  listOptions,
  listTerminal,
  listWords,
  spellDockerRun,
} from '../../web/src/views/create/docker-run.ts';
import {
  type CreateForm,
  type CreateMode,
  hasField,
  modes,
  readForm,
  readRequest,
} from '../../web/src/views/create/form.ts';
import { readWords } from '../../web/src/views/create/words.ts';
import { startApp } from '../support/app.ts';
import { findCliMismatch, startCliRecorder } from '../support/cli-recorder.ts';
import { createTestContainer, createTestNetwork } from '../support/engine.ts';
import fc from '../support/fast-check.ts';
import { differentialRun, forEachParallel } from '../support/generated-strings.ts';

const server = await startApp({ after });
const client = createClient({ url: server.url, token: server.token });
after(() => client.close());

/** What a person may have typed, with what a shell would take apart. */
const oddWord = fc.constantFrom(
  'a',
  'x y',
  "it's",
  '"quoted"',
  '$HOME',
  '`id`',
  'a\\b',
  '*',
  '中文',
  '-p',
  '--',
  '; rm -rf /',
  '\t',
);
const words = fc.array(oddWord, { minLength: 1, maxLength: 4 });
const spell = (list: readonly string[]) => list.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const port = fc.constantFrom(
  '80',
  '8080:80',
  '127.0.0.1::53/udp',
  '127.0.0.1:8081:80',
  '[::1]:8082:80',
  '9000-9002:80',
  '7000-7002',
  '0.0.0.0:99:99/sctp',
);

const forms = (target: string, network: string): fc.Arbitrary<{ mode: CreateMode; form: CreateForm }> =>
  fc
    .record({
      mode: fc.constantFrom(...modes),
      all: fc.record(
        {
          command: maybe(words.map((list) => spell(['sh', ...list]))),
          entrypoint: maybe(words.map((list) => spell(['sh', ...list]))),
          // Each name once: of two the CLI keeps the last itself, as the engine would.
          env: maybe(
            fc
              .array(oddWord, { minLength: 1, maxLength: 3 })
              .map((list) => list.map((word, index) => `A${index}=${word.trim()}x`).join('\n')),
          ),
          workingDir: maybe(fc.constantFrom('/', '/a b')),
          user: maybe(fc.constantFrom('nobody', '1000:1000')),
          hostname: maybe(fc.constantFrom('h', 'a.b')),
          tty: maybe(fc.constantFrom('yes', 'no')),
          stdin: maybe(fc.constantFrom('yes', 'no')),
          autoRemove: maybe(fc.constant('yes')),
          labels: maybe(fc.constantFrom('a=b', 'x=it is\ny=', 'z=a=b')),
          ttl: maybe(fc.constantFrom('30m')),
          memory: maybe(fc.constantFrom('64m', '6291457', '1.5g')),
          cpus: maybe(fc.constantFrom('0.5', '0.01', '1', '0.333')),
          pids: maybe(fc.constantFrom('1', '4000')),
          capabilities: maybe(fc.constantFrom('NET_ADMIN', 'NET_RAW NET_ADMIN')),
          network: maybe(fc.constant(network)),
          dns: maybe(fc.constantFrom('1.1.1.1', '1.1.1.1, 9.9.9.9')),
          publishAll: maybe(fc.constant('yes')),
        },
        {},
      ),
      ports: fc.array(port, { minLength: 1, maxLength: 4 }),
      restart: maybe(fc.constantFrom('always', 'unless-stopped', 'on-failure', 'on-failure:3')),
      aliases: maybe(fc.constantFrom('a', 'a b')),
      isHost: fc.boolean(),
    })
    .map(({ mode, all, ports, restart, aliases, isHost }) => {
      const onHost = mode === 'open' && isHost;
      const { capabilities, network: chosen, dns, publishAll, ...rest } = all;
      const form = {
        ...rest,
        ...(all.autoRemove === undefined && { restart }),
        ...(mode === 'joined' && { target, hostname: undefined }),
        ...(onHost ? { host: 'yes' } : { capabilities }),
        ...((mode === 'bridged' || (mode === 'open' && !onHost)) && {
          network: chosen,
          dns,
          ...(chosen !== undefined && { aliases }),
        }),
        ...(mode === 'open' && !onHost && { ports: ports.join('\n'), publishAll }),
      };
      return { mode, form: Object.fromEntries(Object.entries(form).filter(([, value]) => value !== undefined)) };
    });

/** Without what stands for nothing, and without what only tells the CLI where to listen. */
function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((one) => strip(one) ?? null);
  if (typeof value !== 'object' || value === null)
    return value === null || value === '' || value === 0 || value === false ? undefined : value;
  const kept = Object.entries(value)
    .map(([key, one]) => [key, strip(one)] as const)
    .filter(([, one]) => one !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function comparable(body: DockerRequest & Record<string, unknown>): unknown {
  const { AttachStdin, AttachStdout, AttachStderr, StdinOnce, Entrypoint, Cmd, Env, Labels, HostConfig, ...rest } =
    body;
  const { 'io.terrarium.test': _test, ...labels } = Labels;
  const { ConsoleSize, MemorySwappiness, CapAdd, CapDrop, PortBindings, ...host } = HostConfig as typeof HostConfig &
    Record<string, unknown>;
  return strip({
    ...rest,
    Labels: labels,
    // The CLI sends variables in whatever order.
    Env: [...(Env ?? [])].sort(),
    // One word of it fits into `--entrypoint`: what runs in the end is the two together.
    Program: [...(Entrypoint ?? []), ...(Cmd ?? [])],
    HasEntrypoint: (Entrypoint ?? []).length > 0,
    HostConfig: {
      ...host,
      CapAdd: [...(CapAdd ?? [])].sort(),
      CapDrop: [...(CapDrop ?? [])].sort(),
      PortBindings: PortBindings ?? {},
    },
  });
}

test('the CLI sends for the line what we would send', async (t) => {
  const mismatch = await findCliMismatch();
  if (mismatch !== undefined) return t.skip(mismatch);
  const recorder = await startCliRecorder(t);
  const { id } = await createTestContainer(t);
  const network = await createTestNetwork(t);
  const run = differentialRun(40);
  const cases = fc.sample(forms(id, network.name), run);
  const seen = new Set<string>();
  await forEachParallel(cases, async ({ mode, form }) => {
    const { body, problems } = readRequest(mode, form);
    assert.deepEqual(problems, {}, JSON.stringify(form));
    const { request } = await client.containers.dryRun(mode, body);
    const ours = request as DockerRequest & Record<string, unknown>;
    const [image, ...command] = listWords(ours);
    const options = [...listTerminal(ours), ...listOptions(ours).flatMap((option) => option.words)];
    const verdict = await recorder.create(options, image, command);
    const told = `seed ${run.seed}: ${mode} ${JSON.stringify(form)}`;
    if (!verdict.accepted && verdict.by === 'cli') assert.fail(`${told}: ${verdict.message}`);
    assert.deepEqual(comparable(verdict.body), comparable(ours), told);
    // The text of it is what a shell takes apart into these very words.
    const text = spellDockerRun(ours, { name: 'n', isWhole: true });
    assert.deepEqual(
      readWords(text),
      [
        'docker',
        'run',
        '-d',
        ...listTerminal(ours),
        '--name',
        'n',
        ...listOptions(ours).flatMap((option) => option.words),
        image,
        ...command,
      ],
      told,
    );
    for (const word of options) seen.add(word);
  });
  for (const flag of [
    '--network',
    '-p',
    '--dns',
    '--entrypoint',
    '-e',
    '--label',
    '--memory',
    '--rm',
    '--restart',
    '--network-alias',
    '-P',
    '--cap-add',
  ])
    assert.ok(seen.has(flag), `no case had ${flag}`);
});

test('a shell takes the line apart as we spell it', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }).filter((word) => !word.includes('\0'))),
      (list) => {
        assert.deepEqual(readWords(spell(list)), list);
      },
    ),
  );
  for (const [text, expected] of [
    ['', []],
    ['a  b\tc\nd', ['a', 'b', 'c', 'd']],
    [`a"b c"'d e'f\\ g`, ['ab cd ef g']],
    ['"a\\"b\\$c\\d"', ['a"b$c\\d']],
    ["''", ['']],
    ['"open', null],
    ['end\\', null],
  ] as const)
    assert.deepEqual(readWords(text), expected, text);
});

test('`terrarium run` would ask for what the form asks for', async () => {
  const { Command } = await import('commander');
  const { addRun } = await import('../../src/cli/commands/run.ts');
  let judged = 0;
  fc.assert(
    fc.property(forms('target', 'net'), ({ mode, form }) => {
      const body = { image: 'busybox:latest', ...readRequest(mode, form).body };
      const words = listCliWords(mode, body);
      if (words === null) return;
      judged += 1;
      // The command's own options, read without running it.
      const program = new Command().enablePositionalOptions();
      addRun(program);
      const command = program.commands.find((one) => one.name() === 'run')?.commands.find((one) => one.name() === mode);
      assert.ok(command);
      let heard: unknown;
      command.action((...call: unknown[]) => {
        const flags = command.opts();
        heard = toCreateBody(
          mode,
          [...(call[0] === undefined ? [] : [call[0] as string]), ...((call[1] as string[]) ?? [])],
          flags,
          {},
        );
      });
      program.parse([...words], { from: 'user' });
      assert.deepEqual(normal(heard as Record<string, unknown>), normal(body), JSON.stringify(words));
    }),
    { numRuns: 150 },
  );
  assert.ok(judged > 50);
});

/** Both as the server takes them: defaults filled in, a limit of text and one of a number alike. */
function normal(body: Record<string, unknown>): unknown {
  const command = (body.command as string[] | undefined) ?? [];
  const { limits, ...rest } = body;
  const { memory, ...others } = (limits ?? {}) as Record<string, unknown>;
  return {
    ...rest,
    command,
    tty: body.tty ?? command.length === 0,
    stdin: body.stdin ?? command.length === 0,
    ...(limits !== undefined && { limits: { ...others, ...(memory !== undefined && { memory: String(memory) }) } }),
  };
}

test('the link holds the form, and what is none of it is left out', () => {
  const form = { name: 'web', ports: '80\n\n8080:80', env: 'A=x y&z#?=', command: `sh -c 'echo "中文"'` };
  const link = new URLSearchParams(form);
  assert.deepEqual(readForm(Object.fromEntries(new URLSearchParams(link.toString()))), form);
  assert.deepEqual(readForm({ name: '', __proto__: 'x', evil: 'y', mode: 'open' } as never), {});
  assert.ok(hasField('open', 'ports') && !hasField('closed', 'ports'));
});
