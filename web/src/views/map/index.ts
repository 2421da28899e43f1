// The map: who is in which namespace, on which bridge, reachable through which port.
import type { View } from '../view.ts';
import { messages } from './messages.ts';

export const mapView: View = {
  name: 'map',
  title: () => messages.value.title,
  load: () => import('./map-view.tsx'),
};
