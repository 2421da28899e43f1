// A terminal's WebSocket: its query string and its text frames. Its binary frames are the bytes of the TTY, in both directions.
import { type Static, Type } from 'typebox';
import { ErrorFrame } from './stream.ts';

/** Bounds of a terminal's window, in characters, and the size that one has to whom nobody told another. */
export const terminalSize = { min: 1, max: 1_000, cols: 80, rows: 24 } as const;

const cells = { minimum: terminalSize.min, maximum: terminalSize.max };
export const Cols = Type.Integer({ ...cells, description: `Columns, ${terminalSize.min} to ${terminalSize.max}` });
export const Rows = Type.Integer({ ...cells, description: `Rows, ${terminalSize.min} to ${terminalSize.max}` });

export const TerminalQuery = Type.Object({
  engine: Type.Optional(Type.String({ description: 'Name of the engine, where several have such a container' })),
  command: Type.Optional(
    Type.Array(Type.String({ maxLength: 65_536, pattern: '^[^\\u0000]*$' }), {
      minItems: 1,
      maxItems: 256,
      description:
        'The program, and repeated for each of its arguments; no shell reads them. Default: a shell of the container',
    }),
  ),
  attach: Type.Optional(
    Type.Boolean({
      description: 'To the main process of the container, made with tty and stdin: leaving does not end it',
    }),
  ),
  cols: Type.Optional(Cols),
  rows: Type.Optional(Rows),
});
export type TerminalQuery = Static<typeof TerminalQuery>;

const strict = { additionalProperties: false } as const;

export const ResizeFrame = Type.Object({ type: Type.Literal('resize'), cols: Cols, rows: Rows }, strict);
export const PauseFrame = Type.Object({ type: Type.Literal('pause') }, strict);
export const ResumeFrame = Type.Object({ type: Type.Literal('resume') }, strict);
export const ExitFrame = Type.Object({
  type: Type.Literal('exit'),
  exitCode: Type.Union([Type.Integer(), Type.Null()], {
    description: '128 + the signal for a process that a signal ended; null where it did not end: you detached from it',
  }),
});

/** Each kind of text frame, by who says it. */
export const terminalFrames = {
  client: { resize: ResizeFrame, pause: PauseFrame, resume: ResumeFrame },
  server: { exit: ExitFrame, error: ErrorFrame },
} as const;

/** What a client may send as text. */
export const TerminalClientFrame = Type.Union([ResizeFrame, PauseFrame, ResumeFrame], { $id: 'TerminalClientFrame' });
export type TerminalClientFrame = Static<typeof TerminalClientFrame>;

/** What the server sends as text: always the last frame before the close. */
export const TerminalServerFrame = Type.Union([ExitFrame, ErrorFrame], { $id: 'TerminalServerFrame' });
export type TerminalServerFrame = Static<typeof TerminalServerFrame>;

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}
