// The lessons that come with the server: lab files that tell a story, in English and Chinese.
import { type Static, Type } from 'typebox';
import { LabFile } from './lab.ts';

const InBoth = (description: string) =>
  Type.Object({ en: Type.String(), zh: Type.String({ description: '中文' }) }, { description });

const lesson = {
  name: Type.String({
    description: 'Also the name of the lab that it is meant to be applied as',
    examples: ['closed'],
  }),
  title: InBoth('What it is about'),
  summary: InBoth('In a sentence or two'),
  steps: Type.Integer({ description: 'How many there are' }),
  checks: Type.Integer({ description: 'How many there are' }),
};

export const LessonSummary = Type.Object(lesson, { $id: 'LessonSummary' });
export type LessonSummary = Static<typeof LessonSummary>;

export const Lesson = Type.Object(
  {
    ...lesson,
    text: Type.String({ description: 'The lab file as it was written: what PUT /labs/{name} takes' }),
    file: LabFile,
  },
  { $id: 'Lesson', description: 'A lesson in full: its file, as text and read' },
);
export type Lesson = Static<typeof Lesson>;
