// Networks: the list, one (`#/networks/NAME?engine=`), and a new one (`#/networks?new=true`).
import { goTo, linkTo } from '../../router.ts';
import { mayChange } from '../../session.ts';
import { store } from '../../store/store.ts';
import type { View } from '../view.ts';
import { messages } from './messages.ts';

export const networksView: View = {
  name: 'networks',
  title: () => messages.value.title,
  load: () => import('./networks-view.tsx'),
  commands: () => [
    ...(mayChange.value
      ? [
          {
            id: 'network-new',
            title: messages.value.newNetwork,
            keywords: 'create network bridge bip subnet',
            run: () => goTo(linkTo('networks', [], { new: 'true' })),
          },
        ]
      : []),
    ...store.networks.all.value.map(({ id, name, engine }) => ({
      id: `network-${id}`,
      title: messages.value.openNetwork(name),
      keywords: 'network',
      run: () => goTo(linkTo('networks', [name], store.engines.all.value.length > 1 ? { engine } : {})),
    })),
  ],
};
