// The texts of what all views use.
import { defineMessages } from '../i18n/messages.ts';

export const messages = defineMessages({
  en: {
    close: 'Close',
    filter: 'Filter',
    shownOf: (shown: number, all: number) => `${shown} of ${all}`,
    notShown: (count: number) => `${count} more are not shown: filter to find them.`,
    copyAs: 'Copy as…',
    copied: (what: string) => `Copied as ${what}`,
    cannotCopy: 'The browser does not give access to the clipboard',
  },
  zh: {
    close: '关闭',
    filter: '筛选',
    shownOf: (shown, all) => `${shown} / ${all}`,
    notShown: (count) => `还有 ${count} 项未显示：请用筛选查找。`,
    copyAs: '复制为…',
    copied: (what) => `已复制为 ${what}`,
    cannotCopy: '浏览器不允许访问剪贴板',
  },
});
