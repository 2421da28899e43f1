// Reads the examples of a Markdown document: its ```sh blocks are run in order, and the ```json and ```text blocks after one show what it
// prints. Other blocks (a configuration, a drawing) are no examples. Pure: it runs nothing.

/** A ```sh block and what the document says it prints. */
export interface Example {
  /** Line of the document on which the block begins. */
  readonly line: number;
  readonly script: string;
  readonly shown: readonly Shown[];
}

export interface Shown {
  readonly line: number;
  readonly kind: 'json' | 'text';
  readonly content: string;
}

/** The examples of a document; throws when it has none. */
export function extractExamples(markdown: string): Example[] {
  const examples: { line: number; script: string; shown: Shown[] }[] = [];
  for (const match of markdown.matchAll(/^```(sh|json|text)\n(.*?)^```$/gms)) {
    const [, kind, content = ''] = match;
    const line = markdown.slice(0, match.index).split('\n').length;
    if (kind === 'sh') examples.push({ line, script: content, shown: [] });
    else examples.at(-1)?.shown.push({ line, kind: kind as Shown['kind'], content });
  }
  if (examples.length === 0) throw new Error('the document has no ```sh block');
  return examples;
}

/** Begins a line of the output that says which example is next. */
const mark = '\u001eexample ';

/** All examples as one script for `bash -e`, which says where it is. */
export function joinExamples(examples: readonly Example[]): string {
  return examples.map(({ script }, index) => `printf '\\n${mark}%d\\n' ${index}\n${script}`).join('\n');
}

/** What each example that was begun has printed. */
export function splitOutput(output: string): string[] {
  return output
    .split(mark)
    .slice(1)
    .map((part) => part.slice(part.indexOf('\n') + 1));
}

/**
 * What of `shown` was not printed, null where all was. Numbers, addresses and ids differ from run to run, so every number is as good as any other;
 * `…` stands for whatever is there. JSON may show fewer members and fewer elements than there are. Order counts.
 */
export function findUntrue({ kind, content }: Shown, printed: string): string | null {
  const lines = printed.split('\n').filter((line) => line.trim() !== '');
  const wanted = content.split('\n').filter((line) => !['', '…'].includes(line.trim()));
  if (kind === 'text') return findMissing(wanted, lines, (line, there) => likeText(squash(line), squash(there)));
  const documents = lines.map(parse).filter((document) => document !== undefined);
  const whole = parse(content);
  const shown = whole === undefined ? wanted.map((line) => JSON.parse(line) as unknown) : [whole];
  const missing = findMissing(shown, documents, isLike);
  return missing === null ? null : JSON.stringify(missing);
}

/** The first of `wanted` that nothing in `there` is like, after what those before it are like. */
function findMissing<Wanted, There>(
  wanted: readonly Wanted[],
  there: readonly There[],
  like: (one: Wanted, other: There) => boolean,
): Wanted | null {
  let from = 0;
  for (const one of wanted) {
    const at = there.findIndex((other, index) => index >= from && like(one, other));
    if (at < 0) return one;
    from = at + 1;
  }
  return null;
}

function isLike(shown: unknown, there: unknown): boolean {
  if (typeof shown === 'string') return typeof there === 'string' && likeText(shown, there);
  if (typeof shown === 'number') return typeof there === 'number';
  if (Array.isArray(shown))
    return (
      Array.isArray(there) && (shown.length > 0 || there.length === 0) && findMissing(shown, there, isLike) === null
    );
  if (typeof shown !== 'object' || shown === null) return shown === there;
  if (typeof there !== 'object' || there === null) return false;
  return Object.entries(shown).every(([key, value]) => isLike(value, (there as Record<string, unknown>)[key]));
}

function likeText(shown: string, there: string): boolean {
  const parts = shown.split('…').map((part) => generalize(part).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(generalize(there));
}

/** MAC addresses, ids and numbers, each as one sign. */
function generalize(text: string): string {
  return text
    .replaceAll(/\b[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}\b/g, '#')
    .replaceAll(/\b(?=[a-f]*\d)[0-9a-f]{8,}\b/g, '#')
    .replaceAll(/\d+/g, '#');
}

function squash(line: string): string {
  return line.replaceAll(/\s+/g, ' ').trim();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
