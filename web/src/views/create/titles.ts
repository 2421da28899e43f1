// The few texts of the view that the first page has.
import { defineMessages } from '../../i18n/messages.ts';

export const titles = defineMessages({
  en: {
    title: 'Create',
    closed: 'Create a closed container',
    bridged: 'Create a bridged container',
    joined: 'Create a joined container',
    open: 'Create an open container',
  },
  zh: {
    title: '创建',
    closed: '创建封闭式容器',
    bridged: '创建桥接式容器',
    joined: '创建联盟式容器',
    open: '创建开放式容器',
  },
});
