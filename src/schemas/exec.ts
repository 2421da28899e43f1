// The body and the answer of `POST /containers/{id}/exec`.
import { type Static, Type } from 'typebox';

/** Bounds of one command. Times in milliseconds, sizes in bytes. */
export const execLimits = {
  defaultTimeoutMs: 10_000,
  minTimeoutMs: 100,
  maxTimeoutMs: 600_000,
  /** Kept of each of stdout and stderr. */
  outputBytes: 1_048_576,
} as const;

export const ExecRequest = Type.Object(
  {
    command: Type.Array(Type.String({ maxLength: 65_536, pattern: '^[^\\u0000]*$' }), {
      minItems: 1,
      maxItems: 256,
      description: 'An array of the program and its arguments, such as ["ls", "-l"]; no shell reads them',
      examples: [['netstat', '-tan']],
    }),
    stdin: Type.Optional(
      Type.String({
        description: 'Written to the program as UTF-8, then its input ends. Without it there is no input',
      }),
    ),
    timeoutMs: Type.Optional(
      Type.Integer({
        minimum: execLimits.minTimeoutMs,
        maximum: execLimits.maxTimeoutMs,
        default: execLimits.defaultTimeoutMs,
        description: `At the time-out the program and all its children are killed. Default ${execLimits.defaultTimeoutMs}`,
      }),
    ),
  },
  { $id: 'ExecRequest', additionalProperties: false, examples: [{ command: ['netstat', '-tan'], timeoutMs: 5_000 }] },
);
export type ExecRequest = Static<typeof ExecRequest>;

export const ExecResult = Type.Object(
  {
    exitCode: Type.Union([Type.Integer(), Type.Null()], {
      description:
        '128 + the signal for a program that a signal ended: 137 after the time-out; null where it is killed but cannot end yet, as in a container that was paused meanwhile',
    }),
    stdout: Type.String({ description: 'As UTF-8; a byte that is none becomes U+FFFD' }),
    stderr: Type.String(),
    truncated: Type.Boolean({
      description: `One of the outputs was longer than ${execLimits.outputBytes} bytes, of which the first are here; the program ran on undisturbed`,
    }),
    timedOut: Type.Boolean({ description: 'The program was killed at its time-out' }),
  },
  { $id: 'ExecResult' },
);
export type ExecResult = Static<typeof ExecResult>;
