// `terrarium completion SHELL`: a script that completes commands, options and the names of containers, labs and checks. Its words come from the
// commands themselves.
import { Argument, type Command } from 'commander';
import type { TerrariumClient } from '../../client/node.ts';
import { perform } from '../invocation.ts';
import { addExamples } from '../options.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

export function addCompletion(program: Command): void {
  const command = program
    .command('completion')
    .summary('a script that completes commands in your shell')
    .description(
      'Prints a script for your shell, which completes commands, options and the names of containers, labs and checks.',
    )
    .addArgument(new Argument('<shell>', 'your shell').choices(shells))
    .action((shell: Shell) => {
      process.stdout.write(scripts[shell](describeCommands(program)));
    });
  addExamples(
    command,
    ['source <(terrarium completion bash)', 'bash, this time; in ~/.bashrc for always'],
    ['source <(terrarium completion zsh)', 'zsh'],
    ['terrarium completion fish | source', 'fish'],
  );
  // What the scripts ask. Whatever is wrong, a completion says nothing.
  program
    .command('__names', { hidden: true })
    .argument('[kind]')
    .argument('[lab]')
    .action(async (kind: string, lab: string) => {
      const quiet = perform(async (run) => {
        const client = await run.client();
        const signal = AbortSignal.any([run.signal, AbortSignal.timeout(2_000)]);
        run.print(...(await listNames(client, { kind, lab, signal }).catch(() => [])));
        return undefined;
      });
      await quiet({}, program);
    });
}

interface NamesWanted {
  readonly kind: string | undefined;
  readonly lab: string | undefined;
  readonly signal: AbortSignal;
}

async function listNames({ containers, labs }: TerrariumClient, { kind, lab, signal }: NamesWanted): Promise<string[]> {
  if (kind === 'labs') return (await labs.list({ signal })).map(({ name }) => name);
  if (kind === 'checks') return Object.keys((await labs.get(lab ?? '', { signal })).file?.checks ?? {});
  return (await containers.list({ scope: 'all', signal })).map(({ name }) => name);
}

interface Words {
  readonly name: string;
  readonly about: string;
  readonly options: readonly string[];
  /** Of a group: its commands; of others the choices of the first argument. */
  readonly choices: readonly string[];
  /** What the server is asked for: words of `__names` as a shell reads them, by the place of what is completed. */
  readonly asked: { readonly first: string | null; readonly next: string | null };
  readonly takesFile: boolean;
}

function describeCommands(program: Command): Words[] {
  return program.commands
    .filter((command) => !command.name().startsWith('__'))
    .map((command) => {
      const [first] = command.registeredArguments;
      const nested = command.commands.map((one) => one.name());
      return {
        name: command.name(),
        about: command.summary(),
        options: [command, ...command.commands]
          .flatMap((one) => one.options)
          .flatMap(({ short, long }) =>
            [short, long].filter((flag) => flag !== undefined && flag !== null),
          ) as string[],
        choices: nested.length > 0 ? nested : [...(first?.argChoices ?? [])],
        asked: describeAsked(command, nested),
        takesFile: first?.name() === 'file',
      };
    });
}

function describeAsked(command: Command, nested: readonly string[]): Words['asked'] {
  const [first, next] = command.registeredArguments.map((one) => one.name());
  if (first === 'lab') {
    const isVariadic = command.registeredArguments[0]?.variadic === true;
    return { first: 'labs', next: next === 'check' ? 'checks' : isVariadic ? 'labs' : null };
  }
  const isOfContainers = first === 'container' || nested.includes('show');
  return isOfContainers ? { first: 'containers', next: 'containers' } : { first: null, next: null };
}

/** The call that lists names; of checks, of the lab that was typed before. */
function askFor(kind: string | null, lab: string): string {
  if (kind === null) return '';
  return `$(terrarium __names ${kind}${kind === 'checks' ? ` ${lab}` : ''} 2>/dev/null)`;
}

const scripts: Readonly<Record<Shell, (commands: readonly Words[]) => string>> = {
  bash: (commands) => `# terrarium completion for bash
_terrarium() {
  local current=\${COMP_WORDS[COMP_CWORD]} words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${commands
  .map(({ name, options, choices, asked }) => {
    const [first, next] = [asked.first, asked.next].map((kind) => askFor(kind, `"\${COMP_WORDS[2]}"`));
    const words = (names: string | undefined) => `words="${[...choices, names].join(' ').trim()}"`;
    const names = first === next ? `*) ${words(first)} ;;` : `2/*) ${words(first)} ;; *) ${words(next)} ;;`;
    return `    ${name}) case $COMP_CWORD/$current in */-*) words='${options.join(' ')}' ;; ${names} esac ;;`;
  })
  .join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _terrarium terrarium
`,
  zsh: (commands) => `#compdef terrarium
# terrarium completion for zsh
_terrarium() {
  local -a found
  if (( CURRENT == 2 )); then
    found=(
${commands.map(({ name, about }) => `      '${name}:${about.replaceAll("'", '’').replaceAll(':', '\\:')}'`).join('\n')}
    )
    _describe 'command' found
    return
  fi
  case $words[2] in
${commands
  .map(({ name, options, choices, asked, takesFile }) => {
    const [first, next] = [asked.first, asked.next].map((kind) => askFor(kind, '$words[3]'));
    const names =
      first === next
        ? `found=(${[...choices, first].join(' ').trim()})`
        : `if (( CURRENT == 3 )); then found=(${first}); else found=(${next}); fi`;
    return `    ${name}) if [[ $PREFIX == -* ]]; then found=(${options.join(' ')}); else ${takesFile ? '_files; return' : names}; fi ;;`;
  })
  .join('\n')}
  esac
  compadd -a found
}
compdef _terrarium terrarium
`,
  fish: (commands) => `# terrarium completion for fish
complete -c terrarium -f
${commands
  .map(
    ({ name, about }) => `complete -c terrarium -n __fish_use_subcommand -a ${name} -d '${about.replaceAll("'", '’')}'`,
  )
  .join('\n')}
${commands
  .flatMap(({ name, options, choices, asked, takesFile }) => {
    const on = `complete -c terrarium -n '__fish_seen_subcommand_from ${name}`;
    const at = (count: string) => `; and test (count (commandline -opc)) ${count}`;
    const names = (kind: string | null, when = '') =>
      kind === null
        ? []
        : [
            `${on}${when}' -a '(terrarium __names ${kind}${kind === 'checks' ? ' (commandline -opc)[3]' : ''} 2>/dev/null)'`,
          ];
    const flags = options.map((option) =>
      option.startsWith('--') ? `${on}' -l ${option.slice(2)}` : `${on}' -s ${option.slice(1)}`,
    );
    return [
      ...(choices.length > 0 ? [`${on}' -a '${choices.join(' ')}'`] : []),
      ...(takesFile ? [`${on}' -F`] : []),
      ...(asked.first === asked.next
        ? names(asked.first)
        : [...names(asked.first, at('-eq 2')), ...names(asked.next, at('-gt 2'))]),
      ...flags,
    ];
  })
  .join('\n')}
`,
};
