// `terrarium path`: the way of a packet to a port of a container, hop by hop, and whether it arrives.
import { type Command, InvalidArgumentError } from 'commander';
import { exitCode } from '../exit-codes.ts';
import { perform } from '../invocation.ts';
import { addCommon, addExamples, given } from '../options.ts';
import { formatPath } from '../print/path-lines.ts';

interface Options {
  readonly from?: string;
  readonly engine?: string;
  readonly verbose?: boolean;
}

interface Port {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

export function addPath(program: Command): void {
  const command = program
    .command('path')
    .summary('the way of a packet to a port of a container, and whether it arrives')
    .description(
      'Follows a packet to a port of a container, by the real rules of the host, and says where it ends. Ends with 0 where it arrives by any way, with 1 where it does not.',
    )
    .argument('<container>', 'name, id, or unique prefix of an id')
    .argument('<port>', "the container's own: 80, 80/tcp, 53/udp", readPort)
    .option('--from <source>', 'outside (default), host, an address beyond the host, or a container')
    .option('-v, --verbose', 'with every rule that it meets, and its counters')
    .action(
      perform<Options>(async (run, { from, engine, verbose = false }, args) => {
        const [container, { port, protocol }] = args as unknown as [string, Port];
        const client = await run.client();
        const query = { protocol, ...given({ from, engine }), signal: run.signal };
        const answer = await client.containers.path(container, port, query);
        if (run.isJson) run.printJson(answer);
        else
          for (const [index, path] of answer.paths.entries())
            run.print(...(index > 0 ? [''] : []), ...formatPath(path, { style: run.style, isVerbose: verbose }));
        if (answer.paths.length === 0)
          run.note(`Port ${port}/${protocol} of container "${answer.container.name}" can be tried nowhere`);
        return answer.paths.some(({ verdict }) => verdict.reaches === true) ? exitCode.ok : exitCode.fail;
      }),
    );
  addCommon(command);
  addExamples(
    command,
    ['terrarium path web 2222', 'from outside'],
    ['terrarium path web 80/tcp --from t2 -v', 'from another container, with the rules'],
  );
}

function readPort(text: string): Port {
  const [, port = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
  if (port === '') throw new InvalidArgumentError('Write it as 80, 80/tcp or 53/udp.');
  return { port: Number(port), protocol: protocol as Port['protocol'] };
}
