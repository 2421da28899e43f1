// Who reaches whom: the matrix of one engine (`#/reach?lab=…&verify=true`).
import { goTo, linkTo } from '../../router.ts';
import { mayChange } from '../../session.ts';
import { store } from '../../store/store.ts';
import type { View } from '../view.ts';
import { messages } from './messages.ts';

export const reachView: View = {
  name: 'reach',
  title: () => messages.value.title,
  load: () => import('./reach-view.tsx'),
  commands: () => {
    const t = messages.value;
    const labs = new Set(
      store.containers.all.value.flatMap(({ managed, lab }) => (managed && lab !== null ? [lab] : [])),
    );
    return [
      ...(mayChange.value
        ? [
            {
              id: 'reach-verify',
              title: t.commandVerify,
              keywords: 'verify reachability prove',
              run: () => goTo(linkTo('reach', [], { verify: 'true' })),
            },
          ]
        : []),
      ...[...labs].sort().map((lab) => ({
        id: `reach-lab-${lab}`,
        title: t.commandLab(lab),
        keywords: 'reachability lab',
        run: () => goTo(linkTo('reach', [], { lab })),
      })),
    ];
  },
};
