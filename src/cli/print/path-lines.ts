// The path of a packet as lines: a hop each, and in the end whether it arrives. Pure.
import type { Hop, Path } from '../../client/node.ts';
import type { Style } from './style.ts';

const marks = { pass: '✓', stop: '✗', unknown: '?', skipped: '·' } as const;
const formats = { pass: 'green', stop: 'red', unknown: 'yellow', skipped: 'dim' } as const;

export interface PathLook {
  readonly style: Style;
  /** With every rule that it meets, and its counters. */
  readonly isVerbose: boolean;
}

export function formatPath({ client, destination, hops, verdict, notes }: Path, look: PathLook): string[] {
  const { style } = look;
  const address = destination.address.includes(':') ? `[${destination.address}]` : destination.address;
  const width = Math.max(...hops.map(({ kind, name }) => `${kind} ${name}`.length));
  const format = verdict.reaches === null ? 'yellow' : verdict.reaches ? 'green' : 'red';
  return [
    style('bold', `${client.name ?? client.kind} → ${address}:${destination.port}`),
    ...hops.flatMap((hop) => formatHop(hop, width, look)),
    style(format, `${verdict.reaches === null ? '?' : verdict.reaches ? '✓' : '✗'} ${verdict.sentence}`),
    ...notes.map((note) => style('dim', `  ${note}`)),
  ];
}

function formatHop(
  { kind, name, status, detail, rules }: Hop,
  width: number,
  { style, isVerbose }: PathLook,
): string[] {
  const place = `${kind} ${name}`.trim().padEnd(width);
  const line = `  ${style(formats[status], marks[status])} ${place}  ${detail}`;
  if (!isVerbose) return [line];
  const indent = ' '.repeat(width + 6);
  return [
    line,
    ...rules.map(({ table, text, packets, certain }) =>
      style('dim', `${indent}${table}: ${text} [${packets}]${certain ? '' : ' ?'}`),
    ),
  ];
}
