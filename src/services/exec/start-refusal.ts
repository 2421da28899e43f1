// Why a command never started, in our words. The engine answers a start with 101 before it knows, and writes the reason into the output.
import { Failure } from '../../schemas/failure.ts';

/** Layers that the engine and its runtime put around the reason, at its begin and at its end. */
const wrapping =
  /^(?:OCI runtime exec failed: |runc exec failed: |exec failed: |unable to start container process: )+|(?:: unknown|: permission denied)*\s*$/g;

interface Rule {
  readonly pattern: RegExp;
  refuse(program: string, container: string): Failure;
}

const rules: readonly Rule[] = [
  {
    pattern: /executable file not found|no such file or directory/,
    refuse: (program, container) =>
      new Failure('engine_refused', `There is no program ${program} in container "${container}"`, {
        field: 'command[0]',
        hint: 'Name a program of its image, by its name in PATH or by its full path; no shell looks for built-in commands',
      }),
  },
  {
    pattern: /permission denied|is a directory|exec format error/,
    refuse: (program, container) =>
      new Failure('engine_refused', `${program} in container "${container}" is not a program that can be executed`, {
        field: 'command[0]',
      }),
  },
  {
    pattern: /stopped|not running|container .* is paused/,
    refuse: (_program, container) =>
      new Failure('container_not_running', `Container "${container}" stopped before the command started`),
  },
];

/** @param words what the engine wrote into the output instead of the command's own */
export function explainStartRefusal(words: string, command: readonly string[], container: string): Failure {
  const program = JSON.stringify((command[0] ?? '').slice(0, 200));
  const rule = rules.find(({ pattern }) => pattern.test(words));
  if (rule !== undefined) return rule.refuse(program, container);
  const reason = words.replace(wrapping, '').trim().slice(0, 500);
  return new Failure('engine_refused', `The engine could not start ${program} in container "${container}": ${reason}`);
}
