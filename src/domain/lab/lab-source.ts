// Reads the text of a lab file, or of another one, YAML 1.2 or JSON, into plain values, and remembers where each of them stands. What could cost much more than the
// text is long (aliases that multiply, nesting without an end) and what would be lost in silence (a key given twice, a tag) is refused.
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { labLimits } from '../../schemas/lab.ts';

/** A place in the text. Both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a lab file. `path` is dotted, elements by index: `containers.web.ports[1]`; empty for the whole. */
export interface LabProblem extends Place {
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** From the root to a member: names and indices. */
export type MemberPath = readonly (string | number)[];

/** What was read. */
export interface LabSource {
  readonly value: unknown;
  /** Where the value at `path` begins; of one that is not there, the nearest around it. */
  placeOf(path: MemberPath): Place;
  /** Where the name of the member at `path` stands. */
  placeOfName(path: MemberPath): Place;
}

/** A problem with the value at `path`. */
export function problemAt(source: LabSource, path: MemberPath, message: string, hint?: string): LabProblem {
  return { ...source.placeOf(path), path: formatMember(path), message, ...(hint !== undefined && { hint }) };
}

/** A problem with the name of the member at `path`. */
export function problemAtName(source: LabSource, path: MemberPath, message: string, hint?: string): LabProblem {
  return { ...source.placeOfName(path), path: formatMember(path), message, ...(hint !== undefined && { hint }) };
}

/** `containers.web.ports[1]` */
export function formatMember(path: MemberPath): string {
  return path.reduce<string>((text, part) => {
    if (/^\d+$/.test(String(part))) return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${part}`;
  }, '');
}

/** Values that a file may come to, its aliases followed. */
const maxValues = 100_000;
/** Deeper than any lab, and far from the end of the stack. */
const maxDepth = 40;

type Reading = { readonly source: LabSource } | { readonly problems: readonly LabProblem[] };

/** What a kind of file is called, and how long it may be. */
export interface SourceKind {
  readonly file: string;
  /** What one file describes. */
  readonly whole: string;
  readonly maxLength: number;
}

export function readLabSource(text: string): Reading {
  return readSource(text, { file: 'a lab file', whole: 'lab', maxLength: labLimits.text });
}

/** Reads a file of any kind: YAML 1.2 or JSON. */
export function readSource(text: string, kind: SourceKind): Reading {
  const lines = new LineCounter();
  const refuse = (offset: number, message: string, hint?: string): Reading => ({
    problems: [{ ...placeAt(lines, offset), path: '', message, ...(hint !== undefined && { hint }) }],
  });
  if (text.length > kind.maxLength)
    return refuse(0, `The file is longer than ${kind.maxLength} characters`, `Describe less in one ${kind.whole}.`);
  if (nestsTooDeeply(text)) return refuse(0, `Values are nested deeper than ${maxDepth} levels`);
  const document = parse(text, lines);
  if (document === null) return refuse(0, `Values are nested deeper than ${maxDepth} levels`);
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) {
    const { message, hint } = explainSyntax(fault.code, fault.message, kind);
    return refuse(fault.pos[0], message, hint);
  }
  if (document.directives.yaml.version !== '1.2')
    return refuse(0, 'The file asks for another version of YAML', `Leave out "%YAML": ${kind.file} is YAML 1.2.`);
  const reader = new ValueReader(document, lines);
  try {
    return { source: reader.read() };
  } catch (error) {
    if (!(error instanceof SourceFault)) throw error;
    return refuse(error.offset, error.message, error.hint);
  }
}

/**
 * The value of a text that is JSON, without its places: reading these takes most of the time that a large lab takes. Undefined where {@link readLabSource}
 * has to judge: it is no JSON, or holds what YAML reads otherwise or what is refused with its place.
 */
export function readPlainJson(text: string): unknown {
  // A value has two characters at least, so shorter texts come to no more than is allowed.
  if (text.length > Math.min(labLimits.text, 2 * maxValues) || !/^\s*\{/.test(text) || nestsTooDeeply(text)) return;
  if (/"(?:<<|__proto__)?"\s*:/.test(text)) return;
  let names = 0;
  let value: unknown;
  try {
    value = JSON.parse(text, (_, one: unknown) => {
      if (typeof one === 'object' && one !== null && !Array.isArray(one)) names += Object.keys(one).length;
      return one;
    });
  } catch {
    return;
  }
  // What is given twice is read once.
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) names -= 1;
  return names === 0 ? value : undefined;
}

/** Null where the parser's own recursion came to its end. */
function parse(text: string, lineCounter: LineCounter): Document.Parsed | null {
  try {
    // Its own search for keys that are given twice takes the square of their number: the reader below looks itself.
    // A tab in JSON is a blank, in YAML it may be an error.
    const source = isJson(text) ? text.replaceAll('\t', ' ') : text;
    return parseDocument(source, { lineCounter, prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function isJson(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Brackets and indentation that no lab has: looked for before the parser, whose time grows with the square of them. */
function nestsTooDeeply(text: string): boolean {
  let depth = 0;
  for (const character of text.matchAll(/[[\]{}]/g)) {
    depth += '[{'.includes(character[0]) ? 1 : -1;
    if (depth > 4 * maxDepth) return true;
    if (depth < 0) depth = 0;
  }
  return /^[ \t]*(?:[-?:][ \t]+){40}/m.test(text);
}

class SourceFault extends Error {
  readonly offset: number;
  readonly hint: string | undefined;

  constructor(offset: number, message: string, hint?: string) {
    super(message);
    this.offset = offset;
    this.hint = hint;
  }
}

interface Offsets {
  readonly name: number;
  readonly value: number;
}

class ValueReader {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #offsets = new Map<string, Offsets>();
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #values = 0;
  #merging = 0;

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  read(): LabSource {
    const value = this.#read(this.#document.contents, [], 0);
    const find = (path: MemberPath): Offsets => {
      for (let length = path.length; ; length -= 1) {
        const known = this.#offsets.get(keyOf(path.slice(0, length)));
        if (known !== undefined) return known;
        if (length === 0) return { name: 0, value: 0 };
      }
    };
    return {
      value,
      placeOf: (path) => placeAt(this.#lines, find(path).value),
      placeOfName: (path) => placeAt(this.#lines, find(path).name),
    };
  }

  #read(node: Node | null, path: MemberPath, at: number, nameAt = at): unknown {
    const offset = node?.range?.[0] ?? at;
    const key = keyOf(path);
    // What a map says itself stands where it says it.
    if (this.#merging === 0 || !this.#offsets.has(key)) this.#offsets.set(key, { name: nameAt, value: offset });
    this.#values += 1;
    if (this.#values > maxValues) throw new SourceFault(offset, `The file comes to more than ${maxValues} values`);
    if (path.length > maxDepth) throw new SourceFault(offset, `Values are nested deeper than ${maxDepth} levels`);
    if (node === null) return null;
    if (isAlias(node)) return this.#follow(node, offset, (target) => this.#read(target, path, offset, nameAt));
    this.#takeProperties(node, offset);
    if (isSeq(node)) return this.#within(node, () => this.#readSeq(node.items as (Node | null)[], path, offset));
    if (isMap(node)) return this.#within(node, () => this.#readMap(node as MapNode, path, offset));
    if (!isScalar(node)) return null;
    const { value } = node;
    if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)))
      throw new SourceFault(offset, 'This number is out of range', 'Put it in quotes if it is meant as text.');
    return value;
  }

  /** Reads what an alias stands for; one that stands for something around it would never end. */
  #follow<Result>(alias: Alias, offset: number, read: (target: Node) => Result): Result {
    // The parser's own way to resolve one walks through the whole document.
    const target = this.#anchors.get(alias.source);
    if (target === undefined) throw new SourceFault(offset, `There is no anchor "&${alias.source}"`);
    if (this.#open.has(target)) throw new SourceFault(offset, `The alias "*${alias.source}" stands for what it is in`);
    return read(target);
  }

  #takeProperties(node: Exclude<Node, Alias>, offset: number): void {
    if (node.tag !== undefined)
      throw new SourceFault(offset, 'Tags are not allowed', 'Leave out what begins with "!".');
    const { anchor } = node;
    if (anchor === undefined || this.#anchors.get(anchor) === node) return;
    if (this.#anchors.has(anchor)) throw new SourceFault(offset, `The anchor "&${anchor}" is given twice`);
    this.#anchors.set(anchor, node);
  }

  /** What is being read cannot stand in itself. */
  #within<Result>(node: Node, read: () => Result): Result {
    this.#open.add(node);
    try {
      return read();
    } finally {
      this.#open.delete(node);
    }
  }

  #readSeq(items: readonly (Node | null)[], path: MemberPath, offset: number): unknown[] {
    return items.map((item, index) => this.#read(item, [...path, index], offset));
  }

  #readMap({ items }: MapNode, path: MemberPath, offset: number): Record<string, unknown> {
    const own = new Map<string, unknown>();
    const merged = new Map<string, unknown>();
    for (const { key, value } of items) {
      const nameAt = key?.range?.[0] ?? offset;
      const name = readName(key, nameAt);
      if (name === '<<') {
        for (const [inherited, one] of this.#readMerged(value, path, nameAt))
          if (!merged.has(inherited)) merged.set(inherited, one);
        continue;
      }
      if (own.has(name))
        throw new SourceFault(nameAt, `The name "${shorten(name)}" is given twice here`, 'Leave one of them out.');
      own.set(name, this.#read(value, [...path, name], nameAt, nameAt));
    }
    return Object.fromEntries([...merged, ...own]);
  }

  /** `<<`: the members of another map, or of several; the first that has a name wins, and the map's own win over all. */
  #readMerged(node: Node | null, path: MemberPath, at: number): [string, unknown][] {
    if (isAlias(node)) return this.#follow(node, at, (target) => this.#readMerged(target, path, at));
    if (isSeq(node)) return node.items.flatMap((item) => this.#readMerged(item as Node | null, path, at));
    if (isMap(node)) {
      this.#merging += 1;
      const members = this.#within(node, () => Object.entries(this.#readMap(node as MapNode, path, at)));
      this.#merging -= 1;
      return members;
    }
    throw new SourceFault(at, '"<<" takes a map, an alias of one, or a list of these');
  }
}

/** A map as the parser makes it. */
interface MapNode {
  readonly items: readonly { readonly key: Node | null; readonly value: Node | null }[];
}

function readName(key: Node | null, at: number): string {
  if (!isScalar(key)) throw new SourceFault(at, 'A name has to be plain text');
  const { value, source } = key;
  const name = typeof value === 'string' ? value : (source ?? '');
  if (name === '') throw new SourceFault(at, 'A name is missing here');
  if (name === '__proto__') throw new SourceFault(at, 'The name "__proto__" is not allowed');
  return name;
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function keyOf(path: MemberPath): string {
  return JSON.stringify(path.map(String));
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** The parser's words, where ours say more. */
function explainSyntax(code: string, message: string, { whole }: SourceKind): { message: string; hint?: string } {
  switch (code) {
    case 'MULTIPLE_DOCS':
      return {
        message: 'The file holds several documents',
        hint: `Leave out "---" between them: a file is one ${whole}.`,
      };
    case 'TAG_RESOLVE_FAILED':
      return { message: `Tags are not allowed: ${message}`, hint: 'Leave out what begins with "!".' };
    case 'TAB_AS_INDENT':
      return { message: 'A tab is used to indent', hint: 'Indent with blanks.' };
    case 'BAD_ALIAS':
      return { message, hint: 'Text that begins with * or & has to be in quotes.' };
    default:
      return { message };
  }
}
