// Is a value that was read a lab file, as the schema says? If not: what is wrong, member by member, each about what the member says it is.
import { modes } from '../../schemas/container.ts';
import { Failure } from '../../schemas/failure.ts';
import { LabFile, LabNetwork, labContainerSchemas, labLimits } from '../../schemas/lab.ts';
import { checkKinds, labCheckSchemas } from '../../schemas/lab-check.ts';
import { itemNameRule } from '../../schemas/lab-words.ts';
import { refuseMisplacedFields } from '../container/create-fields.ts';
import { findClosestName } from './closest-name.ts';
import { formatMember, type LabProblem, type LabSource, problemAt, problemAtName } from './lab-source.ts';
import { judge, validatorOf } from './schema-problems.ts';

type Members = Readonly<Record<string, unknown>>;

/** The file without what is judged member by member. */
const frame = {
  ...LabFile,
  properties: {
    ...LabFile.properties,
    networks: { type: 'object', maxProperties: labLimits.networks },
    containers: { type: 'object', maxProperties: labLimits.containers },
    checks: { type: 'object', maxProperties: labLimits.checks },
  },
};
const itemName = new RegExp(itemNameRule.pattern);

export function isLabFile(value: unknown): value is LabFile {
  return validatorOf(LabFile).Check(value);
}

/** What keeps `source` from being a lab file: at least one problem where {@link isLabFile} says no. */
export function findShapeProblems(source: LabSource): LabProblem[] {
  const { value } = source;
  if (!isObject(value)) {
    const message = value === null || value === undefined ? 'The file is empty' : 'The file must be a map of names';
    const hint = 'Begin with "containers:", and a container below it.';
    return [{ ...source.placeOf([]), path: '', message, hint }];
  }
  const problems = [
    ...judge(source, frame, value, []),
    ...judgeEach(source, value, 'networks', (network, path) =>
      network === null ? [] : judge(source, LabNetwork, network, path),
    ),
    ...judgeEach(source, value, 'containers', (container, path) => judgeContainer(source, container, path)),
    ...judgeEach(source, value, 'checks', (check, path) => judgeCheck(source, check, path)),
  ];
  return problems.length > 0 ? problems : judge(source, LabFile, value, []);
}

/** The members of one of the maps of the file, each under a name that can be one. */
function judgeEach(
  source: LabSource,
  file: Members,
  part: string,
  judgeMember: (member: unknown, path: readonly string[]) => LabProblem[],
): LabProblem[] {
  const members = file[part];
  if (!isObject(members)) return [];
  return Object.entries(members).flatMap(([name, member]) => {
    const path = [part, name];
    if (itemName.test(name) && name.length <= itemNameRule.maxLength) return judgeMember(member, path);
    const message = `${quote(name)} cannot be a name here`;
    const hint = `At most ${itemNameRule.maxLength} characters: ${itemNameRule.description}.`;
    return [{ ...source.placeOfName(path), path: formatMember(path), message, hint }];
  });
}

function judgeContainer(source: LabSource, container: unknown, path: readonly string[]): LabProblem[] {
  if (!isObject(container))
    return [
      problemAt(source, path, 'A container is a map of fields', `Begin with "mode:", one of ${modes.join(', ')}.`),
    ];
  const mode = modes.find((one) => one === container.mode);
  if (mode === undefined) {
    const allowed = `Allowed: ${modes.join(', ')}.`;
    if (container.mode === undefined) {
      const misspelled = findClosestName('mode', Object.keys(container));
      if (misspelled !== null && misspelled !== 'mode')
        return [problemAtName(source, [...path, misspelled], `Unknown field "${misspelled}"`, 'Did you mean "mode"?')];
      return [problemAt(source, path, 'A container needs a "mode"', allowed)];
    }
    const meant = typeof container.mode === 'string' ? findClosestName(container.mode, modes) : null;
    const hint = meant === null ? allowed : `Did you mean "${meant}"? ${allowed}`;
    return [problemAt(source, [...path, 'mode'], 'There is no such mode', hint)];
  }
  try {
    refuseMisplacedFields(mode, container);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [problemAtName(source, [...path, error.field ?? ''], error.message, inWordsOfTheFile(error.hint))];
  }
  return judge(source, labContainerSchemas[mode], container, path);
}

/** The hints of the create routes name the routes. */
function inWordsOfTheFile(hint: string | undefined): string | undefined {
  return hint?.replace(
    /Use POST \/api\/v1\/containers\/(\w+)( with)?/,
    (_, mode, more = '') => `Write mode: ${mode}${more}`,
  );
}

function judgeCheck(source: LabSource, check: unknown, path: readonly string[]): LabProblem[] {
  if (!isObject(check)) return [problemAt(source, path, 'A check is a map of fields', oneAssertion)];
  const found = checkKinds.filter((kind) => Object.hasOwn(check, kind));
  const [kind] = found;
  if (found.length > 1)
    return [
      problemAtName(
        source,
        [...path, found[1] ?? ''],
        `A check asserts one thing, not ${found.join(' and ')}`,
        'Make it two checks.',
      ),
    ];
  if (kind !== undefined) return judge(source, labCheckSchemas[kind], check, path);
  const known = ['container', 'text', 'hint'];
  const unknown = Object.keys(check).find((name) => !known.includes(name));
  if (unknown === undefined) return [problemAt(source, path, 'The check asserts nothing', oneAssertion)];
  const meant = findClosestName(unknown, checkKinds);
  const hint = meant === null ? oneAssertion : `Did you mean "${meant}"? ${oneAssertion}`;
  return [problemAtName(source, [...path, unknown], `Unknown field ${quote(unknown)}`, hint)];
}

const oneAssertion = `A check has "container" and one of ${checkKinds.join(', ')}.`;

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
