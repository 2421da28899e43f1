// The lessons that come with the server. A lesson is a lab file: what is done with it is done with labs.
import { Type } from 'typebox';
import { LabName } from '../src/schemas/create.ts';
import { Lesson, LessonSummary } from '../src/schemas/lesson.ts';
import type { Routes } from './route.ts';

const tags = ['labs'];

export const lessonRoutes: Routes = async (app) => {
  const { lessons } = app.services;

  app.get(
    '/lessons',
    {
      schema: {
        tags,
        summary: 'List the lessons that come with the server',
        description: 'In the order in which they are taught.',
        response: { 200: Type.Array(LessonSummary) },
      },
    },
    async ({ principal }) => lessons.list(principal),
  );

  app.get(
    '/lessons/:name',
    {
      schema: {
        tags,
        summary: 'Show one lesson, with its lab file',
        params: Type.Object({ name: LabName }),
        response: { 200: Lesson },
      },
    },
    async ({ principal, params: { name } }) => lessons.get(principal, name),
  );
};
