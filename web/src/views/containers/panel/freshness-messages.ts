// The words for how fresh an observation is.
import { defineMessages } from '../../../i18n/messages.ts';

const reasonsZh: Readonly<Record<string, string>> = {
  disconnected: '与服务器的连接中断',
  engine_unavailable: '引擎没有响应',
  removed: '已删除',
  exited: '已退出',
};

export const freshnessMessages = defineMessages({
  en: {
    waiting: 'Waiting for the first look…',
    live: (_since: string, asOf: string | null) => (asOf === null ? 'Live' : `Live; it last changed at ${asOf}`),
    stale: (since: string, asOf: string | null) =>
      asOf === null ? `Not live since ${since}` : `Not live since ${since}: what is shown was so at ${asOf}`,
    stopped: (since: string, asOf: string | null) =>
      asOf === null
        ? `It does not run (since ${since}): there is nothing to see`
        : `It does not run (since ${since}): what is shown is the last that was seen, at ${asOf}`,
    ended: (since: string, asOf: string | null) =>
      asOf === null ? `It was removed at ${since}` : `It was removed at ${since}: what is shown was so at ${asOf}`,
    reasons: (reason: string) => reason.replaceAll('_', ' '),
    truncated: 'There is more than one look carries.',
  },
  zh: {
    waiting: '正在等待第一次观察…',
    live: (_since, asOf) => (asOf === null ? '实时' : `实时；最后变化于 ${asOf}`),
    stale: (since, asOf) => (asOf === null ? `自 ${since} 起非实时` : `自 ${since} 起非实时：显示的是 ${asOf} 的状态`),
    stopped: (since, asOf) =>
      asOf === null
        ? `它没有运行（自 ${since}）：没有可看的内容`
        : `它没有运行（自 ${since}）：显示的是最后看到的，${asOf}`,
    ended: (since, asOf) => (asOf === null ? `已于 ${since} 删除` : `已于 ${since} 删除：显示的是 ${asOf} 的状态`),
    reasons: (reason) => reasonsZh[reason] ?? reason.replaceAll('_', ' '),
    truncated: '内容超过一次观察的容量。',
  },
});
