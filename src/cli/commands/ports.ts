// `terrarium ports`: what is published, as `docker port`.
import type { Command } from 'commander';
import { UsageError } from '../errors.ts';
import { exitCode } from '../exit-codes.ts';
import { perform } from '../invocation.ts';
import { addCommon, addExamples, given } from '../options.ts';

export function addPorts(program: Command): void {
  const command = program
    .command('ports')
    .alias('port')
    .summary('the published ports of a container')
    .description(
      'What of a container is published now, and where: as docker port. A dynamic port changes when the container restarts.',
    )
    .argument('<container>', 'name, id, or unique prefix of an id')
    .argument('[port]', 'only this one: 80, 80/tcp, 53/udp')
    .action(
      perform<{ engine?: string }>(async (run, { engine }, [container = '', port]) => {
        const wanted = port === undefined ? undefined : readPort(port);
        const client = await run.client();
        const query = { ...given({ engine }), signal: run.signal };
        const all = await client.containers.ports(container, query);
        const ports = all.filter((one) => wanted === undefined || `${one.containerPort}/${one.protocol}` === wanted);
        if (run.isJson) run.printJson(ports);
        else if (wanted === undefined) run.stdout.write(await client.containers.portsText(container, query));
        else
          run.print(
            ...ports.map(({ hostIp, hostPort }) => `${hostIp.includes(':') ? `[${hostIp}]` : hostIp}:${hostPort}`),
          );
        if (wanted === undefined || ports.length > 0) return exitCode.ok;
        run.note(
          `Port ${wanted} of container "${container}" is not published`,
          'terrarium ports CONTAINER shows what is',
        );
        return exitCode.fail;
      }),
    );
  addCommon(command);
  addExamples(command, ['terrarium ports web', 'all'], ['terrarium ports web 2222', 'where one is: 0.0.0.0:32768']);
}

function readPort(text: string): string {
  const [, port, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
  if (port === undefined) throw new UsageError(`"${text}" is no port`, 'Write it as 80, 80/tcp, 53/udp or 80/sctp');
  return `${port}/${protocol}`;
}
