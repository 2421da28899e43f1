// Labs: the list, and one of them (`#/labs/NAME`); lessons (`#/lessons/NAME`), which are labs that come with the server.
import type { View } from '../view.ts';
import { titles } from './titles.ts';

export const labsView: View = {
  name: 'labs',
  title: () => titles.value.labs,
  load: () => import('./labs-view.tsx'),
};

export const lessonsView: View = {
  name: 'lessons',
  title: () => titles.value.lesson,
  isHidden: true,
  load: () => import('./lessons-view.tsx'),
};
