// Containers: the list, and the panel of one (`#/containers/ID`).
import type { View } from '../view.ts';
import { messages } from './messages.ts';

export const containersView: View = {
  name: 'containers',
  title: () => messages.value.title,
  load: () => import('./containers-view.tsx'),
};
