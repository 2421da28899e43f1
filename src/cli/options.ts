// Options that several commands share, declared once.
import { type Command, InvalidArgumentError, Option } from 'commander';

/** What every command has: `--json`, `--url`, `--no-color`, and `--engine` where it is about one. */
export function addCommon(command: Command, { engine = true }: { readonly engine?: boolean } = {}): Command {
  if (engine) command.option('--engine <name>', 'the engine, where several have such a container');
  return command
    .option('--json', 'print JSON; what goes on is printed as one JSON document a line')
    .option('--url <url>', 'the server (default: TERRARIUM_URL, or the one of this machine)')
    .option('--no-color', 'print without colours (as NO_COLOR=1)');
}

/** Examples below the help. */
export function addExamples(
  command: Command,
  ...examples: readonly (readonly [call: string, about: string])[]
): Command {
  const width = Math.max(...examples.map(([call]) => call.length));
  const lines = examples.map(([call, about]) => `  ${call.padEnd(width)}   ${about}`.trimEnd());
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** An option that may be given again and again. */
export function repeatable(flags: string, about: string): Option {
  return new Option(flags, about).argParser((value: string, before: string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);
}

/** Reads a whole number within bounds. */
export function wholeNumber(min: number, max: number) {
  return (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max)
      throw new InvalidArgumentError(`It has to be a whole number from ${min} to ${max}.`);
    return number;
  };
}

/** Reads a duration as the server has it (`30s`, `1h30m`), in milliseconds. */
export function duration(value: string): number {
  const [all, days = 0, hours = 0, minutes = 0, seconds = 0] =
    /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(value) ?? [];
  const whole = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  if (!all || whole < 1 || whole > 30 * 86_400)
    throw new InvalidArgumentError('It has to be a duration from 1s to 30d, such as 30s, 45m or 1h30m.');
  return whole * 1_000;
}

/** Options without those that are not given: what the server is asked. */
export function given<Options extends object>(
  options: Options,
): { [Name in keyof Options]: Exclude<Options[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
