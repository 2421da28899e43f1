// The colours that a program writes as escape sequences, read into pieces of text with names of classes. Everything else that is no text is taken out or
// made visible: nothing that a container writes gets anywhere as anything but text. Pure.

/** As far as it is shown: of 16 colours. */
export interface Style {
  readonly foreground: number | null;
  readonly background: number | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly strike: boolean;
  readonly inverse: boolean;
}

export interface Piece {
  readonly text: string;
  /** Names of `ansi.css`; empty where nothing was said. */
  readonly classes: string;
}

export const plainStyle: Style = {
  foreground: null,
  background: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  inverse: false,
};

/** A sequence of the terminal, by its kind: colours (SGR), others with parameters, texts for the terminal itself (titles, links), the rest. */
const sequence =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is about them
  /(?:\u001b\[|\u009b)([0-?]*)[ -/]*([@-~])|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;

/** Reads one line; `style` is that of the end of the line before. Answers the one that the next begins with. */
export function readAnsi(line: string, style: Style): { readonly pieces: readonly Piece[]; readonly style: Style } {
  const pieces: Piece[] = [];
  let current = style;
  let from = 0;
  const take = (to: number) => {
    if (to > from) pieces.push({ text: showControls(line.slice(from, to)), classes: nameClasses(current) });
  };
  for (const match of line.matchAll(sequence)) {
    take(match.index);
    from = match.index + match[0].length;
    if (match[2] === 'm') current = applyColours(current, match[1] ?? '');
  }
  take(line.length);
  return { pieces, style: current };
}

/** Pictures for what has no shape of its own, so that nothing is hidden. */
function showControls(text: string): string {
  return (
    text
      .replace(/\r$/, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is about them
      .replace(/[\u0000-\u0008\u000a-\u001f]/g, (one) => String.fromCharCode(0x24_00 + one.charCodeAt(0)))
      .replaceAll('\u007f', '␡')
      .replace(/[\u0080-\u009f]/g, '�')
      // What turns the direction of what follows.
      .replace(/[\u202a-\u202e\u2066-\u2069]/g, '�')
  );
}

function applyColours(style: Style, parameters: string): Style {
  let next = style;
  const codes = parameters.split(';').map(readCode);
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index];
    if (code === undefined) continue;
    const [first = 0, ...inner] = code;
    if (first !== 38 && first !== 48) {
      next = applyCode(next, first);
      continue;
    }
    // Of many colours: the rest is in it, with colons, or in what follows.
    const rest = inner.length > 0 ? inner : codes.slice(index + 1).map(([one = 0]) => one);
    const size = rest[0] === 5 ? 2 : rest[0] === 2 ? 4 : 0;
    const colour = rest[0] === 5 ? reduceIndex(rest[1] ?? 0) : reduceRgb(rest.slice(inner.length > 4 ? -3 : 1));
    if (inner.length === 0) index += size;
    if (size > 0) next = { ...next, [first === 38 ? 'foreground' : 'background']: colour };
  }
  return next;
}

function readCode(text: string): readonly number[] {
  return text.split(':').map((one) => Number.parseInt(one, 10) || 0);
}

function applyCode(style: Style, code: number): Style {
  if (code === 0) return plainStyle;
  if (code >= 30 && code <= 37) return { ...style, foreground: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, foreground: code - 82 };
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 };
  if (code >= 100 && code <= 107) return { ...style, background: code - 92 };
  return { ...style, ...simpleCodes.get(code) };
}

const simpleCodes: ReadonlyMap<number, Partial<Style>> = new Map<number, Partial<Style>>([
  [1, { bold: true }],
  [2, { dim: true }],
  [3, { italic: true }],
  [4, { underline: true }],
  [7, { inverse: true }],
  [9, { strike: true }],
  [22, { bold: false, dim: false }],
  [23, { italic: false }],
  [24, { underline: false }],
  [27, { inverse: false }],
  [29, { strike: false }],
  [39, { foreground: null }],
  [49, { background: null }],
]);

/** One of 256 as one of 16. */
function reduceIndex(index: number): number {
  if (index < 16) return index;
  if (index >= 232) return reduceRgb(Array(3).fill(8 + (index - 232) * 10));
  const levels = [0, 95, 135, 175, 215, 255];
  const cube = index - 16;
  return reduceRgb([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((level) => levels[level] ?? 0));
}

/** The nearest by hue: its bits say which of red, green and blue are strong. */
function reduceRgb([red = 0, green = 0, blue = 0]: readonly number[]): number {
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  if (most - least < 40) return most < 64 ? 0 : most < 160 ? 8 : most < 224 ? 7 : 15;
  const isStrong = (value: number) => value - least > (most - least) * 0.6;
  const hue = (isStrong(red) ? 1 : 0) + (isStrong(green) ? 2 : 0) + (isStrong(blue) ? 4 : 0);
  return hue + (most > 191 ? 8 : 0);
}

function nameClasses({ foreground, background, ...flags }: Style): string {
  const names = Object.entries(flags).flatMap(([name, isOn]) => (isOn ? [`ansi-${name}`] : []));
  // Bright ones are told by their weight in programs that know no other.
  if (foreground !== null) names.push(`ansi-fg-${foreground % 8}`);
  if (background !== null) names.push(`ansi-bg-${background % 8}`);
  return names.join(' ');
}
