// JSON as Go's encoding/json reads it, with what JavaScript's JSON.parse drops: every member of an object, numbers as they are written, and where
// each thing stands. Says of a mistake what Go says.

export type JsonValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string; readonly raw: string }
  | { readonly kind: 'array'; readonly items: readonly JsonValue[]; readonly raw: string }
  | { readonly kind: 'object'; readonly members: readonly JsonMember[]; readonly raw: string };

export interface JsonMember {
  readonly name: string;
  readonly value: JsonValue;
  /** The line of the name, from 1. */
  readonly line: number;
  /** Where it stands in the text: [start, end) of its name and of its value. */
  readonly nameAt: Span;
  readonly valueAt: Span;
}

export type Span = readonly [start: number, end: number];

/** Where and why a text is no JSON. `says` are Go's words; `line` and `column` count from 1, `at` from 0. */
export interface JsonMistake {
  readonly says: string;
  readonly at: number;
  readonly line: number;
  readonly column: number;
  /** What stands there; empty at the end of the text. */
  readonly found: string;
}

export type JsonReading = { readonly value: JsonValue } | { readonly mistake: JsonMistake };

/** Go gives up at more. */
const maxDepth = 10_000;

/** Reads one JSON value. */
export function readJson(text: string): JsonReading {
  const reader = new Reader(text);
  try {
    return { value: reader.readAll() };
  } catch (error) {
    if (error instanceof Mistake) return { mistake: error.mistake };
    throw error;
  }
}

class Mistake extends Error {
  readonly mistake: JsonMistake;

  constructor(mistake: JsonMistake) {
    super(mistake.says);
    this.mistake = mistake;
  }
}

/** An array or an object that is being read. A stack of them, because 10,000 of them would be too many calls. */
type Open =
  | { readonly kind: 'array'; readonly start: number; readonly items: JsonValue[] }
  | {
      readonly kind: 'object';
      readonly start: number;
      readonly members: JsonMember[];
      name: string;
      line: number;
      nameAt: Span;
      valueStart: number;
    };

class Reader {
  readonly #text: string;
  #at = 0;
  /** Up to where lines were counted, how many there were, and where the last one begins: text is only read forward. */
  #counted = { upTo: 0, lines: 1, lineStart: 0 };

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): JsonValue {
    const value = this.#readNested();
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
    return value;
  }

  #readNested(): JsonValue {
    const stack: Open[] = [];
    for (;;) {
      let value = this.#beginValue(stack);
      // What begins is open until its end; what is whole may end what it is in.
      while (value !== undefined) {
        const open = stack.at(-1);
        if (open === undefined) return value;
        value = open.kind === 'array' ? this.#nextItem(open, value) : this.#nextMember(open, value);
        if (value !== undefined) stack.pop();
      }
    }
  }

  /** A whole value; undefined where an array or object was opened that holds something. */
  #beginValue(stack: Open[]): JsonValue | undefined {
    this.#skipSpace();
    const char = this.#peek();
    if (char === '{' || char === '[') {
      if (stack.length >= maxDepth) this.#fail('exceeded max depth');
      const start = this.#at;
      this.#at += 1;
      this.#skipSpace();
      if (char === '{') {
        if (this.#take('}')) return { kind: 'object', members: [], raw: this.#since(start) };
        const open: Open = { kind: 'object', start, members: [], name: '', line: 0, nameAt: [0, 0], valueStart: 0 };
        stack.push(open);
        this.#readName(open);
        return undefined;
      }
      if (this.#take(']')) return { kind: 'array', items: [], raw: this.#since(start) };
      stack.push({ kind: 'array', start, items: [] });
      return undefined;
    }
    if (char === '"') return this.#readString();
    if (char === '-' || isDigit(char)) return this.#readNumber();
    if (char === 't') return this.#readLiteral('true', { kind: 'bool', value: true });
    if (char === 'f') return this.#readLiteral('false', { kind: 'bool', value: false });
    if (char === 'n') return this.#readLiteral('null', { kind: 'null' });
    return this.#fail('looking for beginning of value');
  }

  #nextItem(open: Extract<Open, { kind: 'array' }>, item: JsonValue): JsonValue | undefined {
    open.items.push(item);
    this.#skipSpace();
    if (this.#take(']')) return { kind: 'array', items: open.items, raw: this.#since(open.start) };
    if (!this.#take(',')) this.#fail('after array element');
    return undefined;
  }

  #nextMember(open: Extract<Open, { kind: 'object' }>, value: JsonValue): JsonValue | undefined {
    const { name, line, nameAt, valueStart } = open;
    open.members.push({ name, line, value, nameAt, valueAt: [valueStart, this.#at] });
    this.#skipSpace();
    if (this.#take('}')) return { kind: 'object', members: open.members, raw: this.#since(open.start) };
    if (!this.#take(',')) this.#fail('after object key:value pair');
    this.#readName(open);
    return undefined;
  }

  #readName(open: Extract<Open, { kind: 'object' }>): void {
    this.#skipSpace();
    if (this.#peek() !== '"') this.#fail('looking for beginning of object key string');
    open.line = this.#position().line;
    const start = this.#at;
    open.name = this.#readString().value;
    open.nameAt = [start, this.#at];
    this.#skipSpace();
    if (!this.#take(':')) this.#fail('after object key');
    this.#skipSpace();
    open.valueStart = this.#at;
  }

  #readString(): Extract<JsonValue, { kind: 'string' }> {
    const start = this.#at;
    this.#at += 1;
    let value = '';
    for (;;) {
      const char = this.#peek();
      if (char === undefined || char < ' ') this.#fail('in string literal');
      this.#at += 1;
      if (char === '"')
        return {
          kind: 'string',
          value: value.replace(loneSurrogate, '\ufffd'),
          raw: this.#text.slice(start, this.#at),
        };
      value += char === '\\' ? this.#readEscape() : char;
    }
  }

  #readEscape(): string {
    const char = this.#peek();
    const plain = char === undefined ? undefined : escapes[char];
    if (plain !== undefined) {
      this.#at += 1;
      return plain;
    }
    if (char !== 'u') this.#fail('in string escape code');
    this.#at += 1;
    for (let i = 0; i < 4; i += 1) {
      if (!/^[0-9a-fA-F]$/.test(this.#peek() ?? '')) this.#fail('in \\u hexadecimal character escape');
      this.#at += 1;
    }
    return String.fromCharCode(Number.parseInt(this.#text.slice(this.#at - 4, this.#at), 16));
  }

  #readNumber(): JsonValue {
    const start = this.#at;
    this.#take('-');
    if (!isDigit(this.#peek())) this.#fail('in numeric literal');
    if (!this.#take('0')) this.#skipDigits();
    if (this.#take('.')) {
      if (!isDigit(this.#peek())) this.#fail('after decimal point in numeric literal');
      this.#skipDigits();
    }
    if (this.#take('e') || this.#take('E')) {
      if (!this.#take('+')) this.#take('-');
      if (!isDigit(this.#peek())) this.#fail('in exponent of numeric literal');
      this.#skipDigits();
    }
    return { kind: 'number', text: this.#text.slice(start, this.#at) };
  }

  #readLiteral(word: string, value: JsonValue): JsonValue {
    for (const letter of word) {
      if (!this.#take(letter)) this.#fail(`in literal ${word} (expecting '${letter}')`);
    }
    return value;
  }

  #skipSpace(): void {
    while (/^[ \t\r\n]$/.test(this.#peek() ?? '')) this.#at += 1;
  }

  #skipDigits(): void {
    while (isDigit(this.#peek())) this.#at += 1;
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }

  #fail(context: string): never {
    const found = this.#found();
    // At the end Go lets a space follow: it says that this does not fit, or that the text ends too early.
    const isSpaceWelcome = found === '' && !context.startsWith('in ') && !context.startsWith('after decimal');
    const says =
      isSpaceWelcome || (found === '' && context === 'in string literal')
        ? 'unexpected end of JSON input'
        : `invalid character ${quoteByte(found || ' ')} ${context}`;
    throw new Mistake({ says, at: this.#at, ...this.#position(), found });
  }

  #since(start: number): string {
    return this.#text.slice(start, this.#at);
  }

  #found(): string {
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #position(): { line: number; column: number } {
    const counted = this.#counted;
    for (let next = this.#text.indexOf('\n', counted.upTo); next !== -1 && next < this.#at; ) {
      counted.lines += 1;
      counted.lineStart = next + 1;
      next = this.#text.indexOf('\n', counted.lineStart);
    }
    counted.upTo = Math.max(counted.lineStart, this.#at);
    return { line: counted.lines, column: this.#at - counted.lineStart + 1 };
  }
}

/** Half of a character, as an escape can write it. */
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

/** Go reads bytes: of a character beyond ASCII it names the first byte, as if that were Latin-1. */
function quoteByte(char: string): string {
  if (char === "'") return `'\\''`;
  if (char === '"') return `'"'`;
  const byte = new TextEncoder().encode(char)[0] ?? 0;
  const named = byteNames[byte];
  if (named !== undefined) return `'${named}'`;
  if (byte < 0x20 || (byte >= 0x7f && byte < 0xa0) || byte === 0xad)
    return `'\\${byte < 0x80 ? 'x' : 'u00'}${byte.toString(16).padStart(2, '0')}'`;
  // A no-break space is no printable character to Go.
  return byte === 0xa0 ? `'\\u00a0'` : `'${String.fromCharCode(byte)}'`;
}

const byteNames: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  92: '\\\\',
};
