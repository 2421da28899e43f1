// `terrarium networks`: bridges and overlays, with the words of `docker network` and the settings of daemon.json.
import type { Command } from 'commander';
import type { CreateNetwork, Network } from '../../client/node.ts';
import { tryEach } from '../each.ts';
import { UsageError } from '../errors.ts';
import { perform } from '../invocation.ts';
import { addCommon, addExamples, given, repeatable, wholeNumber } from '../options.ts';
import { formatTable } from '../print/table.ts';

interface Options {
  readonly engine?: string;
  readonly lab?: string;
  readonly scope?: 'managed' | 'all';
  readonly quiet?: boolean;
}

interface CreateFlags {
  readonly engine?: string;
  readonly driver?: 'bridge' | 'overlay';
  readonly attachable?: boolean;
  readonly encrypted?: boolean;
  readonly subnet?: string;
  readonly lab?: string;
  readonly label?: readonly string[];
  readonly bip?: string;
  readonly fixedCidr?: string;
  readonly fixedCidrV6?: string;
  readonly ipv6?: boolean;
  readonly mtu?: number;
  readonly defaultGateway?: string;
  readonly defaultGatewayV6?: string;
  readonly dns?: string[];
  readonly icc: boolean;
  readonly ipMasq: boolean;
  readonly internal?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export function addNetworks(program: Command): void {
  const group = program
    .command('networks')
    .alias('network')
    .summary('bridges and overlays: list, show, make, remove, connect')
    .description(
      'Networks and the containers on them. What shapes docker0 in daemon.json shapes a bridge here, by the same names.',
    );
  addList(group);
  addShow(group);
  addCreate(group);
  addRemove(group);
  addConnect(group);
  addDisconnect(group);
  addExamples(
    group,
    ['terrarium networks', 'all, docker0 too'],
    ['terrarium networks create net1 --bip 10.20.0.1/24 --mtu 1400', 'a bridge'],
    ['terrarium networks connect net1 web --ip 10.20.0.9', 'one container more on it'],
  );
}

function addList(group: Command): void {
  const command = group
    .command('ls', { isDefault: true })
    .summary('every network')
    .description('Lists networks: their subnets, and how many containers are on each.')
    .option('-q, --quiet', 'ids only')
    .option('--lab <name>', 'of this lab')
    .option('--scope <scope>', 'managed: those that Terrarium made')
    .action(
      perform<Options>(async (run, { quiet, ...filters }) => {
        const { engine, lab, scope } = filters;
        const client = await run.client();
        const networks = await client.networks.list({ ...given({ engine, lab, scope }), signal: run.signal });
        if (run.isJson) return run.printJson(networks);
        if (quiet) return run.print(...networks.map(({ id }) => id.slice(0, 12)));
        const rows = networks.map((one) => [
          one.id.slice(0, 12),
          one.name,
          one.driver,
          one.subnets.map(({ subnet }) => subnet).join(', '),
          one.bridge ?? '',
          String(one.containers.length),
          one.lab ?? '',
        ]);
        return run.print(
          ...formatTable(['NETWORK ID', 'NAME', 'DRIVER', 'SUBNETS', 'BRIDGE', 'CONTAINERS', 'LAB'], rows),
        );
      }),
    );
  addCommon(command);
}

function addShow(group: Command): void {
  const command = group
    .command('show')
    .alias('inspect')
    .summary('one network, and who is on it')
    .description('Shows a network by the names of daemon.json, and the containers on it with their addresses.')
    .argument('<network>', 'name, id, or unique prefix of an id')
    .action(
      perform<Options>(async (run, { engine }, [name = '']) => {
        const client = await run.client();
        const network = await client.networks.get(name, { ...given({ engine }), signal: run.signal });
        if (run.isJson) return run.printJson(network);
        return run.print(...formatNetwork(network));
      }),
    );
  addCommon(command);
}

/** As daemon.json names them; what there is not is not said. */
const shownSettings = [
  'driver',
  'engines',
  'encrypted',
  'bridge',
  'bip',
  'fixed-cidr',
  'fixed-cidr-v6',
  'ipv6',
  'mtu',
  'default-gateway',
  'default-gateway-v6',
  'dns',
  'icc',
  'ip-masq',
  'internal',
] as const satisfies readonly (keyof Network)[];

function formatNetwork(network: Network): string[] {
  const settings = shownSettings.flatMap((name) => {
    const value = name === 'engines' && network.scope !== 'swarm' ? null : network[name];
    return value === null || (Array.isArray(value) && value.length === 0)
      ? []
      : [[name, Array.isArray(value) ? value.join(', ') : String(value)]];
  });
  const isShared = network.scope === 'swarm';
  const members = network.containers.map(({ name, engine, state, ipv4, ipv6, mac }) => [
    name,
    ...(isShared ? [engine] : []),
    state,
    ipv4 ?? '',
    ipv6 ?? '',
    mac ?? '',
  ]);
  const width = Math.max(...settings.map(([name = '']) => name.length));
  return [
    ...settings.map(([name = '', value]) => `${name.padEnd(width)}   ${value}`),
    ...(members.length === 0
      ? []
      : ['', ...formatTable(['CONTAINER', ...(isShared ? ['ENGINE'] : []), 'STATE', 'IPV4', 'IPV6', 'MAC'], members)]),
  ];
}

function addCreate(group: Command): void {
  const command = group
    .command('create')
    .summary('make a network')
    .description(
      'Makes a bridge, or on a swarm manager an overlay, and prints its id. A subnet that is in use is refused, and a free one offered.',
    )
    .argument('<name>', 'its name')
    .option('-d, --driver <driver>', 'bridge (default) or overlay')
    .option('--attachable', 'of an overlay: containers can be on it, as on every one that is made here')
    .option('--encrypted', 'of an overlay: what it carries between engines is encrypted')
    .option('--subnet <subnet>', 'of an overlay, which has no bridge: its subnet, as 10.20.0.0/24')
    .option('--bip <address>', 'address and prefix of the bridge, as 10.20.0.1/24')
    .option('--fixed-cidr <subnet>', 'where containers get their addresses; without --bip the subnet')
    .option('--ipv6', 'IPv6 too')
    .option('--fixed-cidr-v6 <subnet>', 'the IPv6 subnet')
    .option('--mtu <number>', 'of every interface on it', wholeNumber(0, 65_535))
    .option('--default-gateway <address>', "where containers send what leaves it; default: the bridge's address")
    .option('--default-gateway-v6 <address>', 'the same for IPv6')
    .addOption(repeatable('--dns <address>', 'a name server'))
    .option('--no-icc', 'containers on it may not talk to each other')
    .option('--no-ip-masq', 'what leaves the host keeps its address')
    .option('--internal', 'no way in or out')
    .option('--lab <name>', 'the lab it belongs to')
    .addOption(repeatable('-l, --label <name=value>', 'a label'))
    .option('--force', 'also where the subnet overlaps with a route of the host')
    .option('--dry-run', 'print what would be sent to the engine, and make nothing')
    .action(
      perform<CreateFlags>(async (run, flags, [name = '']) => {
        const client = await run.client();
        const body = toBody(name, flags);
        if (flags.dryRun) return run.printJson(await client.networks.dryRun(body, { signal: run.signal }));
        const network = await client.networks.create(body, { signal: run.signal });
        for (const warning of network.warnings) run.note(warning);
        return run.isJson ? run.printJson(network) : run.print(network.id);
      }),
    );
  addCommon(command);
}

function toBody(name: string, flags: CreateFlags): CreateNetwork {
  const { engine, driver, attachable, encrypted, subnet, lab, label, bip, ipv6, mtu, dns, internal, force } = flags;
  const labels = label === undefined ? undefined : Object.fromEntries(label.map(readLabel));
  return {
    name,
    ...given({ engine, driver, attachable, encrypted, subnet, lab, labels, bip, ipv6, mtu, dns, internal, force }),
    ...given({
      'fixed-cidr': flags.fixedCidr,
      'fixed-cidr-v6': flags.fixedCidrV6,
      'default-gateway': flags.defaultGateway,
      'default-gateway-v6': flags.defaultGatewayV6,
    }),
    ...(!flags.icc && { icc: false }),
    ...(!flags.ipMasq && { 'ip-masq': false }),
  };
}

function readLabel(text: string): [string, string] {
  const [name = '', ...value] = text.split('=');
  if (name === '') throw new UsageError(`"${text}" is no label`, 'Write it as NAME=VALUE');
  return [name, value.join('=')];
}

function addRemove(group: Command): void {
  const command = group
    .command('rm')
    .summary('remove networks')
    .description('Removes networks that no container uses, and that Terrarium made.')
    .argument('<network...>', 'name, id, or unique prefix of an id')
    .action(
      perform<Options>((run, { engine }, names) =>
        tryEach(run, names, async (client, name) => {
          await client.networks.remove(name, { ...given({ engine }), signal: run.signal });
          return name;
        }),
      ),
    );
  addCommon(command);
}

function addConnect(group: Command): void {
  const command = group
    .command('connect')
    .summary('put a container on a network')
    .description('Puts a container on a network, running or not.')
    .argument('<network>', 'name, id, or unique prefix of an id')
    .argument('<container>', 'the same of a container')
    .option('--ip <address>', 'its IPv4 address there')
    .option('--ip6 <address>', 'its IPv6 address there')
    .addOption(repeatable('--alias <name>', 'another name there'))
    .action(
      perform<{ engine?: string; ip?: string; ip6?: string; alias?: string[] }>(
        async (run, { engine, ip, ip6, alias }, [name = '', container = '']) => {
          const client = await run.client();
          const body = { container, ...given({ ip, ip6, aliases: alias }) };
          const network = await client.networks.connect(name, body, { ...given({ engine }), signal: run.signal });
          return run.isJson ? run.printJson(network) : undefined;
        },
      ),
    );
  addCommon(command);
}

function addDisconnect(group: Command): void {
  const command = group
    .command('disconnect')
    .summary('take a container off a network')
    .description('Takes a container off a network, running or not.')
    .argument('<network>', 'name, id, or unique prefix of an id')
    .argument('<container>', 'the same of a container')
    .option('-f, --force', 'also where the driver does not let it go')
    .action(
      perform<{ engine?: string; force?: boolean }>(async (run, { engine, force }, [name = '', container = '']) => {
        const client = await run.client();
        const body = { container, ...given({ force }) };
        const network = await client.networks.disconnect(name, body, { ...given({ engine }), signal: run.signal });
        return run.isJson ? run.printJson(network) : undefined;
      }),
    );
  addCommon(command);
}
