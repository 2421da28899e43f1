// Every view, in the order of the header; the first is where one begins. Adding a view is adding a line.

import { mayChange } from '../session.ts';
import { containersView } from './containers/index.ts';
import { createView } from './create/index.ts';
import { daemonView } from './daemon/index.ts';
import { enginesView } from './engines/index.ts';
import { eventsView } from './events/index.ts';
import { labsView, lessonsView } from './labs/index.ts';
import { mapView } from './map/index.ts';
import { networksView } from './networks/index.ts';
import { reachView } from './reach/index.ts';
import type { View } from './view.ts';

export const views: readonly View[] = [
  mapView,
  containersView,
  createView,
  labsView,
  lessonsView,
  reachView,
  networksView,
  eventsView,
  enginesView,
  daemonView,
];

/** Those that the header and the palette offer. */
export function listShownViews(): readonly View[] {
  return views.filter(({ isHidden, isForChanges }) => !isHidden && (!isForChanges || mayChange.value));
}
