// `terrarium engines`: where they are, whether they answer, and what can be done there.
import type { Command } from 'commander';
import { perform } from '../invocation.ts';
import { addCommon, addExamples } from '../options.ts';
import { formatTable } from '../print/table.ts';

export function addEngines(program: Command): void {
  const command = program
    .command('engines')
    .summary('the engines and what they can do')
    .description('Lists the engines of the server, their state, and what cannot be done there with the reason.')
    .action(
      perform(async (run) => {
        const client = await run.client();
        const engines = await client.engines.list({ signal: run.signal });
        if (run.isJson) return run.printJson(engines);
        const rows = engines.map(({ name, state, version, endpoint, labels, containers, capabilities }) => [
          name,
          { text: state, shown: run.style(state === 'live' ? 'green' : 'yellow', state) },
          version ?? '',
          endpoint,
          Object.entries(labels)
            .map(([label, value]) => `${label}=${value}`)
            .join(','),
          String(containers),
          capabilities.observer.via,
        ]);
        run.print(...formatTable(['NAME', 'STATE', 'VERSION', 'ENDPOINT', 'LABELS', 'CONTAINERS', 'OBSERVER'], rows));
        for (const { name, reason, capabilities } of engines) {
          if (reason !== null) run.print(`${name}: ${reason}`);
          for (const [what, capability] of Object.entries(capabilities))
            if (capability.reason !== null) run.print(`${name}: ${what}: ${capability.reason}`);
        }
      }),
    );
  addCommon(command, { engine: false });
  addExamples(command, ['terrarium engines', 'is Docker there?']);
}
