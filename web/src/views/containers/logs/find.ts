// Looking for a text in lines. Pure.
import type { Piece } from './ansi.ts';

/** A piece, or a part of one that was found. */
export interface FoundPiece extends Piece {
  readonly isFound: boolean;
}

/** Small and capital letters are the same. Empty finds nothing. */
export function hasText(pieces: readonly Piece[], wanted: string): boolean {
  return wanted !== '' && spell(pieces).toLowerCase().includes(wanted.toLowerCase());
}

/** Cuts pieces where what was found begins and ends, also where it goes over from one colour to the next. */
export function markText(pieces: readonly Piece[], wanted: string): readonly FoundPiece[] {
  if (!hasText(pieces, wanted)) return pieces.map((piece) => ({ ...piece, isFound: false }));
  const isFound = findPlaces(spell(pieces), wanted);
  let offset = 0;
  return pieces.flatMap(({ text, classes }) => {
    const parts: FoundPiece[] = [];
    let from = 0;
    for (let index = 1; index <= text.length; index += 1) {
      if (index < text.length && isFound[offset + index] === isFound[offset + from]) continue;
      parts.push({ text: text.slice(from, index), classes, isFound: isFound[offset + from] === true });
      from = index;
    }
    offset += text.length;
    return parts;
  });
}

/** For each character whether it is part of what was found. */
function findPlaces(text: string, wanted: string): readonly boolean[] {
  const places: boolean[] = Array(text.length).fill(false);
  // Letters that get longer in lower case would shift what follows.
  const lower = text.toLowerCase();
  const haystack = lower.length === text.length ? lower : text;
  for (let at = haystack.indexOf(wanted.toLowerCase()); at !== -1 && wanted !== ''; ) {
    places.fill(true, at, at + wanted.length);
    at = haystack.indexOf(wanted.toLowerCase(), at + wanted.length);
  }
  return places;
}

function spell(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join('');
}
