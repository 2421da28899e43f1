// What happened (`#/events?kind=&container=&lab=`).
import type { View } from '../view.ts';
import { messages } from './messages.ts';

export const eventsView: View = {
  name: 'events',
  title: () => messages.value.title,
  load: () => import('./events-view.tsx'),
};
