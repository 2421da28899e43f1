// The texts of the tab of logs.
import { defineMessages } from '../../../i18n/messages.ts';

export const messages = defineMessages({
  en: {
    label: (name: string) => `Log of ${name}`,
    pause: 'Pause',
    goOn: 'Go on',
    times: 'Times',
    find: 'Find',
    previous: 'Found before',
    next: 'Found next',
    onlyFound: 'Only lines that have it',
    found: (count: number) => (count === 1 ? 'In 1 line.' : `In ${count} lines.`),
    held: (count: number) => (count === 1 ? 'Paused; 1 line came since.' : `Paused; ${count} lines came since.`),
    nothing: 'It has written nothing yet.',
    gap: 'Lines are missing here: more was written than could be followed.',
    states: {
      live: (since: string) => `It runs again, or can be followed again (${since}).`,
      stale: (since: string) => `Not live since ${since}: what is written now comes later.`,
      stopped: (since: string) => `It does not run any more (${since}).`,
      ended: (since: string) => `It was removed (${since}).`,
    },
  },
  zh: {
    label: (name) => `${name} 的日志`,
    pause: '暂停',
    goOn: '继续',
    times: '时间',
    find: '查找',
    previous: '上一处',
    next: '下一处',
    onlyFound: '只显示匹配的行',
    found: (count) => `${count} 行匹配。`,
    held: (count) => `已暂停；之后又有 ${count} 行。`,
    nothing: '它还没有输出任何内容。',
    gap: '此处缺少若干行：输出过多，无法全部跟上。',
    states: {
      live: (since) => `它再次运行，或可以再次跟踪（${since}）。`,
      stale: (since) => `自 ${since} 起非实时：现在的输出会稍后到达。`,
      stopped: (since) => `它不再运行（${since}）。`,
      ended: (since) => `它已被删除（${since}）。`,
    },
  },
});
