// The texts of the tab netstat.
import { defineMessages } from '../../../i18n/messages.ts';
import type { Range } from './options.ts';

export const messages = defineMessages({
  en: {
    options: 'Options of netstat',
    kinds: { t: 'TCP (t)', u: 'UDP (u)', w: 'raw (w)' },
    show: 'Show',
    ranges: (range: Range): string =>
      range === 'a' ? 'all (a)' : range === 'l' ? 'those that listen (l)' : 'those that are connected',
    raw: 'As netstat prints it',
    rawLabel: 'Output of netstat',
    label: 'Sockets',
    count: (count: number) => (count === 1 ? '1 socket' : `${count} sockets`),
    none: 'There is no such socket.',
    change: 'Δ',
    protocol: 'Protocol',
    local: 'Local address',
    remote: 'Foreign address',
    peer: 'Who that is',
    state: 'State',
    marks: { added: 'new', removed: 'gone', changed: 'changed' },
    itself: 'itself',
    gateway: (network: string) => `the host, by ${network}`,
  },
  zh: {
    options: 'netstat 选项',
    kinds: { t: 'TCP (t)', u: 'UDP (u)', w: '原始 (w)' },
    show: '显示',
    ranges: (range) => (range === 'a' ? '全部 (a)' : range === 'l' ? '正在监听 (l)' : '已连接'),
    raw: '按 netstat 原样显示',
    rawLabel: 'netstat 的输出',
    label: '套接字',
    count: (count) => `${count} 个套接字`,
    none: '没有这样的套接字。',
    change: 'Δ',
    protocol: '协议',
    local: '本地地址',
    remote: '远端地址',
    peer: '对方',
    state: '状态',
    marks: { added: '新增', removed: '消失', changed: '变化' },
    itself: '自身',
    gateway: (network) => `宿主机，经由 ${network}`,
  },
});
