// The text of a lab file becomes a lab file, or one failure that tells everything that is wrong with it, each with its line and column.
import { Failure } from '../../schemas/failure.ts';
import type { LabFile } from '../../schemas/lab.ts';
import type { LabPlacement } from './lab-placement.ts';
import { findRuleProblems } from './lab-rules.ts';
import { findShapeProblems, isLabFile } from './lab-shape.ts';
import { type LabProblem, type LabSource, readLabSource, readPlainJson } from './lab-source.ts';
import { findPlacementProblems, type JudgedEngine } from './placement-rules.ts';

/** More would not be read. */
const maxProblems = 20;

/** @throws Failure `invalid_request` with `problems` in the order of the text; its field and words are those of the first */
export function parseLabFile(text: string): LabFile {
  const plain = readPlainJson(text);
  if (isLabFile(plain) && findRuleProblems(withoutPlaces(plain), plain).length === 0) return plain;
  const reading = readLabSource(text);
  if ('problems' in reading) throw toFailure(reading.problems);
  const { source } = reading;
  if (!isLabFile(source.value)) throw toFailure(findShapeProblems(source));
  const problems = findRuleProblems(source, source.value);
  if (problems.length > 0) throw toFailure(problems);
  return source.value;
}

/**
 * Judges where a file that was read puts its members.
 *
 * @throws Failure `invalid_request`, as {@link parseLabFile} does
 */
export function judgePlacement(
  text: string,
  file: LabFile,
  placement: LabPlacement,
  engines: readonly JudgedEngine[],
): void {
  if (findPlacementProblems({ source: withoutPlaces(file), file, placement, engines }).length === 0) return;
  const reading = readLabSource(text);
  const source = 'source' in reading ? reading.source : withoutPlaces(file);
  throw toFailure(findPlacementProblems({ source, file, placement, engines }));
}

/** For what has nothing wrong with it, whose places nobody asks for. */
function withoutPlaces(value: LabFile): LabSource {
  const nowhere = () => ({ line: 0, column: 0 });
  return { value, placeOf: nowhere, placeOfName: nowhere };
}

function toFailure(found: readonly LabProblem[]): Failure {
  const problems = [...found].sort((one, other) => one.line - other.line || one.column - other.column);
  const [first] = problems;
  if (first === undefined) throw new Error('a lab file was refused and nothing is wrong with it');
  const { line, column, message, hint, path } = first;
  const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`;
  return new Failure('invalid_request', `Line ${line}, column ${column}: ${message}${more}`, {
    ...(path !== '' && { field: path }),
    ...(hint !== undefined && { hint }),
    extra: { problems: problems.slice(0, maxProblems) },
  });
}
