// The texts of the list of containers.
import type { Container } from '../../../../src/client/index.ts';
import { containerStatesZh, modesZh } from '../../i18n/container-words.ts';
import { defineMessages } from '../../i18n/messages.ts';

export const messages = defineMessages({
  en: {
    title: 'Containers',
    name: 'Name',
    mode: 'Mode',
    state: 'State',
    lab: 'Lab',
    image: 'Image',
    addresses: 'Addresses',
    ports: 'Ports',
    engine: 'Engine',
    modes: (mode: Container['mode']) => mode as string,
    states: (state: Container['state']) => state as string,
    joinedTo: (name: string) => `joined to ${name}`,
    orphaned: 'orphaned',
    stale: 'last known',
    none: 'None yet.',
    showAll: 'Also containers that Terrarium did not make',
    noContainer: (id: string) => `There is no container ${id}`,
    back: 'All containers',
  },
  zh: {
    title: '容器',
    name: '名称',
    mode: '模式',
    state: '状态',
    lab: '实验',
    image: '镜像',
    addresses: '地址',
    ports: '端口',
    engine: '引擎',
    modes: (mode) => modesZh[mode],
    states: (state) => containerStatesZh[state],
    joinedTo: (name) => `加入 ${name}`,
    orphaned: '已失去目标',
    stale: '最后已知',
    none: '还没有容器。',
    showAll: '也显示非 Terrarium 创建的容器',
    noContainer: (id) => `没有容器 ${id}`,
    back: '所有容器',
  },
});
