// Which commands a typed text means. Pure.
import type { Command } from '../views/view.ts';

/** Those whose title has all typed words, or else the typed letters in their order; what begins with the text comes first. */
export function findCommands(commands: readonly Command[], typed: string): readonly Command[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return commands;
  return commands
    .map((command) => ({ command, rank: rate(`${command.title} ${command.keywords ?? ''}`.toLowerCase(), wanted) }))
    .filter(({ rank }) => rank > 0)
    .sort((one, other) => other.rank - one.rank)
    .map(({ command }) => command);
}

function rate(text: string, wanted: string): number {
  if (text.startsWith(wanted)) return 4;
  if (text.includes(wanted)) return 3;
  if (wanted.split(/\s+/).every((word) => text.includes(word))) return 2;
  let at = 0;
  for (const letter of wanted.replace(/\s+/g, '')) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return 0;
  }
  return 1;
}
