// Create: one form for a container in any of the four models, `#/create/MODE?…`; the form is in the link.
import { goTo, linkTo } from '../../router.ts';
import type { View } from '../view.ts';
import { titles } from './titles.ts';

export const createView: View = {
  name: 'create',
  title: () => titles.value.title,
  isForChanges: true,
  load: () => import('./create-view.tsx'),
  commands: () =>
    (['closed', 'bridged', 'joined', 'open'] as const).map((mode) => ({
      id: `create-${mode}`,
      title: titles.value[mode],
      keywords: `create new container docker run ${mode}`,
      run: () => goTo(linkTo('create', [mode])),
    })),
};
