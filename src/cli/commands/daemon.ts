// `terrarium daemon`: daemon.json checked, without a server and without an engine; and what a running engine has of its settings.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { DaemonConfigProblem, DaemonConfigVerdict, EngineDaemonConfig } from '../../client/node.ts';
import { UsageError } from '../errors.ts';
import { exitCode } from '../exit-codes.ts';
import { type Invocation, perform } from '../invocation.ts';
import { addCommon, addExamples } from '../options.ts';
import type { Format } from '../print/style.ts';

interface CheckOptions {
  readonly docker0?: string;
  readonly kept?: boolean;
  readonly engineVersion?: string;
}

export function addDaemon(program: Command): void {
  const group = program
    .command('daemon')
    .summary('daemon.json: check a file, show what an engine has')
    .description(
      "The settings of Docker's daemon: would it start with a file, and which docker0 results; and what a running one has.",
    );
  addCheck(group);
  addShow(group);
  addExamples(
    group,
    ['terrarium daemon check /etc/docker/daemon.json', 'before dockerd is restarted'],
    [`echo '{ "bip": "10.1.1.1/24" }' | terrarium daemon check -`, 'an idea'],
    ['terrarium daemon show', "the engine's own"],
  );
}

function addCheck(group: Command): void {
  const command = group
    .command('check')
    .summary('would dockerd start with this file?')
    .description(
      `Says what dockerd would do with a daemon.json: whether it starts, which docker0 results, what is wrong, and what is dangerous. It asks nobody: no
server, no engine. Ends with 0 where dockerd would start, with 1 where it would not.`,
    )
    .argument('<file>', 'the file; - is standard input')
    .option('--docker0 <addresses>', 'beside a docker0 that has these, as 172.17.0.1/16; without it the host is fresh')
    .option('--kept', 'with --docker0: the engine made that docker0 itself, and still has its data')
    .option('--engine-version <version>', 'of the engine that would read it', '26.1.5')
    .action(
      perform<CheckOptions>(async (run, { docker0, kept = false, engineVersion = '' }, [file = '']) => {
        if (kept && docker0 === undefined)
          throw new UsageError('--kept is about a docker0 that is there', 'Add --docker0');
        const bytes = await readBytes(run, file);
        // The one rule that the command and the server share: a file must be judged the same without a server.
        const { checkDaemonConfig } = await import('../../domain/daemon-config/check.ts');
        const addresses = (docker0 ?? '')
          .split(',')
          .map((one) => one.trim())
          .filter((one) => one !== '');
        const verdict = checkDaemonConfig(bytes, {
          docker0: docker0 === undefined ? null : { addresses, isOwn: kept },
          engineVersion,
        });
        if (run.isJson) run.printJson(verdict);
        else run.print(...formatVerdict(run, verdict));
        return verdict.verdict === 'boots' ? exitCode.ok : exitCode.fail;
      }),
    );
  addCommon(command, { engine: false });
}

async function readBytes({ stdin }: Invocation, file: string): Promise<Uint8Array> {
  if (file !== '-')
    return readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`"${file}" cannot be read (${error.code})`);
    });
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function formatVerdict(
  run: Invocation,
  { verdict, problems, bridge, bridgeV6, defaultRoute }: DaemonConfigVerdict,
): string[] {
  const isGood = verdict === 'boots';
  return [
    run.style(
      isGood ? 'green' : 'red',
      isGood ? 'dockerd starts with this file' : 'dockerd does not start with this file',
    ),
    ...problems.flatMap((problem) => formatProblem(run, problem)),
    ...formatBridge({ bridge, bridgeV6, defaultRoute }),
  ];
}

const formats: Readonly<Record<DaemonConfigProblem['severity'], Format>> = {
  error: 'red',
  warning: 'yellow',
  info: 'cyan',
};

function formatProblem({ style }: Invocation, { severity, key, message, fix, says }: DaemonConfigProblem): string[] {
  return [
    '',
    `${style(formats[severity], severity)}${key === null ? '' : ` ${key}`}: ${message}`,
    `  ${fix}`,
    ...(says === null ? [] : [style('dim', `  dockerd: ${says}`)]),
  ];
}

function formatBridge({
  bridge,
  bridgeV6,
  defaultRoute,
}: Pick<EngineDaemonConfig, 'bridge' | 'bridgeV6' | 'defaultRoute'>): string[] {
  if (bridge === null) return [];
  const facts: readonly (readonly [string, string | number | null | undefined])[] = [
    ['docker0', bridge.address],
    ['subnet', bridge.subnet],
    ['addresses from', bridge.ipRange],
    ['default route', defaultRoute?.ipv4],
    ['mtu', bridge.mtu],
    ['ipv6', bridgeV6?.address],
    ['ipv6 subnet', bridgeV6?.subnet],
    ['ipv6 route', defaultRoute?.ipv6],
  ];
  const known = facts.filter(([, value]) => value !== null && value !== undefined);
  return ['', ...known.map(([name, value]) => `${name.padEnd(14)}   ${value}`)];
}

function addShow(group: Command): void {
  const command = group
    .command('show')
    .summary('what an engine has of these settings')
    .description(
      'What an engine has of the settings of daemon.json: docker0, where it listens, whom it answers, and what is dangerous.',
    )
    .argument('[engine]', 'its name; default: the first')
    .action(
      perform(async (run, _options, [name]) => {
        const client = await run.client();
        const { signal } = run;
        const engine = name ?? (await client.engines.list({ signal }))[0]?.name ?? '';
        const config = await client.engines.daemonConfig(engine, { signal });
        if (run.isJson) return run.printJson(config);
        const endpoints = config.endpoints.map(
          ({ address, answers }) => `${address}${answers === null ? '' : ` (answers ${answers.replace('_', ' ')})`}`,
        );
        return run.print(
          ...Object.entries(config.effective).map(([key, value]) => `${key.padEnd(14)}   ${value}`),
          ...endpoints.map((one, index) => `${(index === 0 ? 'listens on' : '').padEnd(14)}   ${one}`),
          ...config.problems.flatMap((problem) => formatProblem(run, problem)),
          ...config.unknown.map((reason) => run.style('dim', `unknown: ${reason}`)),
        );
      }),
    );
  addCommon(command, { engine: false });
}
