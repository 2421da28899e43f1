// A lab file on this machine: its text, what the lab is called, and where in it something is wrong. What it means only the server knows.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { type FileProblem, TerrariumError } from '../client/node.ts';
import { UsageError } from './errors.ts';
import type { Invocation } from './invocation.ts';

export interface LabText {
  /** As it was given; `-` is standard input. Of a lesson, what it is. */
  readonly file: string;
  readonly text: string;
  /** What the lab is called: as the file says, or as the file is called. */
  readonly name: string;
}

/** Is this the name of a file, and not of a lab? A lab is never called so on the command line. */
function isFileName(word: string): boolean {
  return word === '-' || word.includes('/') || /\.(ya?ml|json)$/i.test(word);
}

/** @param name in place of what the file says */
export async function readLabText(run: Invocation, file: string, name?: string): Promise<LabText> {
  const text = await readText(run, file);
  return { file, text, name: name ?? readName(text) ?? nameAfter(file) };
}

/** What a command is about that takes a file, or with `lesson` a lesson of the server. */
export async function readLab(
  run: Invocation,
  file: string | undefined,
  { name, lesson }: { readonly name?: string; readonly lesson?: string },
): Promise<LabText> {
  if ((file === undefined) === (lesson === undefined))
    throw new UsageError(
      file === undefined ? 'There is no lab file' : 'A lab is made of a file or of a lesson, not of both',
      'Name a file, or a lesson with --lesson; terrarium lessons lists them',
    );
  if (file !== undefined) return readLabText(run, file, name);
  const client = await run.client();
  const { name: title, text } = await client.lessons.get(lesson ?? '', { signal: run.signal });
  return { file: `lesson ${title}`, text, name: name ?? title };
}

/** Of a lab that is there: by its own name, or by the file that it was made from; made for somebody it is another one. */
export async function readLabName(run: Invocation, word: string, as?: string): Promise<string> {
  const name = isFileName(word) ? (await readLabText(run, word)).name : word;
  return as === undefined ? name : `${name}.${as}`;
}

async function readText({ stdin }: Invocation, file: string): Promise<string> {
  if (file !== '-')
    return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`"${file}" cannot be read (${error.code})`);
    });
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** What else is wrong with the text the server says, with its place. */
function readName(text: string): string | undefined {
  const document = parseDocument(text, { logLevel: 'silent', uniqueKeys: false });
  const name = document.errors.length === 0 ? (document.toJS({ maxAliasCount: 0 }) as { name?: unknown }) : undefined;
  return typeof name?.name === 'string' ? name.name : undefined;
}

function nameAfter(file: string): string {
  if (file === '-')
    throw new UsageError(
      'A lab that is read from standard input needs a name',
      'Add --name NAME, or write "name: NAME" into the file',
    );
  return path.basename(file).replace(/\.(ya?ml|json)$/i, '');
}

/** A failure of the server that is about a place in the text, as one that shows the place; any other as it is. */
export function pointAt({ file, text }: LabText, error: unknown): unknown {
  const problems = error instanceof TerrariumError ? (error.problem?.problems ?? []) : [];
  if (problems.length === 0) return error;
  const lines = text.split(/\r\n|\n/);
  const name = file === '-' ? 'standard input' : file;
  return new UsageError(problems.flatMap((problem) => showProblem(name, lines[problem.line - 1] ?? '', problem)));
}

/** As compilers show it: the place, what is wrong, the line with a caret, the way out. */
function showProblem(file: string, source: string, { line, column, message, hint }: FileProblem): string[] {
  const number = String(line);
  const margin = ' '.repeat(number.length);
  const cut = cutAround(source, column - 1);
  return [
    `${file}:${line}:${column}: ${message}`,
    `  ${number} | ${cut.text}`,
    `  ${margin} | ${blanksFor(cut.text.slice(0, cut.at))}^`,
    ...(hint === undefined ? [] : [`  ${hint}`]),
  ];
}

const widest = 100;

/** Of a long line the part that matters. */
function cutAround(source: string, at: number): { text: string; at: number } {
  if (source.length <= widest) return { text: source, at };
  const from = Math.max(0, Math.min(at - 60, source.length - widest));
  const before = from > 0 ? '…' : '';
  const after = from + widest < source.length ? '…' : '';
  return { text: `${before}${source.slice(from, from + widest)}${after}`, at: at - from + before.length };
}

/** Under a tab stands a tab, under a wide letter two blanks. */
function blanksFor(text: string): string {
  return Array.from(text, (letter) => (letter === '\t' ? '\t' : ' '.repeat(widthOf(letter)))).join('');
}

/** Columns of a terminal: letters of East Asia have two. */
function widthOf(letter: string): number {
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(letter)
    ? 2
    : 1;
}
