// The lessons that come with the server: one method a route. A lesson's `text` is what an apply of a lab takes.
import type { Lesson, LessonSummary } from '../../schemas/lesson.ts';
import type { CallOptions, Http } from '../http.ts';

export interface Lessons {
  /** In the order in which they are taught. */
  list(options?: CallOptions): Promise<LessonSummary[]>;
  get(name: string, options?: CallOptions): Promise<Lesson>;
}

export function lessons(http: Http): Lessons {
  const root = '/api/v1/lessons';
  return {
    list: ({ signal } = {}) => http.json({ method: 'GET', path: root, signal }),
    get: (name, { signal } = {}) => http.json({ method: 'GET', path: `${root}/${encodeURIComponent(name)}`, signal }),
  };
}
