// Colours, where somebody sees them.
import { styleText } from 'node:util';

export type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Style = (format: Format, text: string) => string;

export interface StyleFacts {
  readonly isTerminal: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** `--no-color` was not given. */
  readonly isWanted: boolean;
}

/** https://no-color.org: set and not empty means none. */
export function makeStyle({ isTerminal, env, isWanted }: StyleFacts): Style {
  const isRefused = !isWanted || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  const isForced = (env.FORCE_COLOR ?? '') !== '' && env.FORCE_COLOR !== '0';
  if (isRefused || !(isTerminal || isForced)) return (_format, text) => text;
  return (format, text) => styleText(format, text, { validateStream: false });
}
