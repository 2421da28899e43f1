// Engines and their health (`#/engines`, `#/engines/NAME`).
import { goTo, linkTo } from '../../router.ts';
import { store } from '../../store/store.ts';
import type { View } from '../view.ts';
import { messages } from './messages.ts';

export const enginesView: View = {
  name: 'engines',
  title: () => messages.value.title,
  load: () => import('./engines-view.tsx'),
  commands: () =>
    store.engines.all.value.map(({ name }) => ({
      id: `engine-${name}`,
      title: messages.value.openEngine(name),
      keywords: 'engine docker0 settings dangers',
      run: () => goTo(linkTo('engines', [name])),
    })),
};
