// The lessons that come with the server: the lab files of labs/. A closed list, so no part of a request ever becomes a path of a file.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseLabFile } from '../../domain/lab/lab-file.ts';
import { projectRoot } from '../../project-root.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Text } from '../../schemas/lab-words.ts';
import type { Lesson, LessonSummary } from '../../schemas/lesson.ts';
import { authorize, type Principal } from '../access.ts';

/** In the order in which they are taught. */
const names = ['closed', 'bridged', 'joined', 'open', 'daemon-json', 'namespaces'] as const;

export interface Lessons {
  list(principal: Principal): Promise<LessonSummary[]>;
  /** Fails with `lesson_not_found`. */
  get(principal: Principal, name: string): Promise<Lesson>;
}

export function createLessons(): Lessons {
  let reading: Promise<readonly Lesson[]> | undefined;
  /** Once, when somebody asks: they do not change while the server runs. */
  const readAll = () => {
    reading ??= Promise.all(names.map(readLesson));
    return reading;
  };

  return {
    async list(principal) {
      authorize(principal, 'get', { kind: 'file', name: 'labs' });
      return (await readAll()).map(({ text: _text, file: _file, ...summary }) => summary);
    },

    async get(principal, name) {
      authorize(principal, 'get', { kind: 'file', name: 'labs' });
      const lesson = (await readAll()).find((one) => one.name === name);
      if (lesson !== undefined) return lesson;
      throw new Failure('lesson_not_found', `There is no lesson "${name}"`, {
        hint: `There are: ${names.join(', ')}.`,
      });
    },
  };
}

async function readLesson(name: string): Promise<Lesson> {
  const text = await readFile(join(projectRoot, 'labs', `${name}.yaml`), 'utf8');
  const file = parseLabFile(text);
  return {
    name,
    title: inBoth(file.title, name),
    summary: inBoth(file.description, name),
    steps: file.steps?.length ?? 0,
    checks: Object.keys(file.checks ?? {}).length,
    text,
    file,
  };
}

function inBoth(text: Text | undefined, lesson: string): { en: string; zh: string } {
  if (typeof text === 'object' && text.en !== undefined && text.zh !== undefined) return { en: text.en, zh: text.zh };
  throw new Error(`the lesson ${lesson} does not say what it is in both languages`);
}
