// Every tab of the panel, in their order; the first is where one begins. Each is loaded when it is opened.
import { messages } from './messages.ts';
import type { Tab } from './tab.ts';

export const tabs: readonly Tab[] = [
  {
    name: 'netstat',
    title: () => messages.value.tabs.netstat,
    load: () => import('../netstat/netstat-tab.tsx'),
  },
  {
    name: 'ifconfig',
    title: () => messages.value.tabs.ifconfig,
    load: () => import('../ifconfig/ifconfig-tab.tsx'),
  },
  {
    name: 'ports',
    title: () => messages.value.tabs.ports,
    load: () => import('../ports/ports-tab.tsx'),
  },
  {
    name: 'namespaces',
    title: () => messages.value.tabs.namespaces,
    load: () => import('../namespaces/namespaces-tab.tsx'),
  },
  {
    name: 'logs',
    title: () => messages.value.tabs.logs,
    isInside: true,
    load: () => import('../logs/logs-tab.tsx'),
  },
  {
    name: 'terminal',
    title: () => messages.value.tabs.terminal,
    isInside: true,
    load: () => import('../terminal/terminal-tab.tsx'),
  },
  {
    name: 'exec',
    title: () => messages.value.tabs.exec,
    isInside: true,
    load: () => import('../exec/exec-tab.tsx'),
  },
];
