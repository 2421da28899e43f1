// The workbench for daemon.json (`#/daemon?docker0=…`).
import { goTo, linkTo } from '../../router.ts';
import type { View } from '../view.ts';
import { messages } from './messages.ts';

export const daemonView: View = {
  name: 'daemon',
  title: () => messages.value.title,
  load: () => import('./daemon-view.tsx'),
  commands: () => [
    {
      id: 'daemon-lecture',
      title: messages.value.commandLecture,
      keywords: 'daemon.json example lecture check docker0 bip',
      run: () => goTo(linkTo('daemon', [], { example: 'lecture' })),
    },
  ],
};
