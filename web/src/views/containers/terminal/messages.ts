// The texts of the tab of the terminal.
import { defineMessages } from '../../../i18n/messages.ts';

export const messages = defineMessages({
  en: {
    what: 'Terminal of',
    shell: 'a new shell',
    main: 'the main process',
    anew: 'Begin anew',
    reconnect: 'Reconnect',
    copy: 'Copy selection',
    copied: 'Copied',
    nothingToCopy: 'Nothing is selected in the terminal',
    readAloud: 'For screen readers',
    notRunning: 'It does not run: there is nothing to open a terminal in. Start it, and reconnect.',
    connecting: 'Connecting…',
    open: 'Connected. What is started here ends when you leave.',
    ended: (exitCode: number) => `It has ended with the exit code ${exitCode}.`,
    detached: 'You have left it; the process goes on.',
    keys: 'Ctrl-Shift-C copies, Ctrl-Shift-V pastes, Shift-Escape takes the keyboard out of the terminal.',
  },
  zh: {
    what: '终端：',
    shell: '新的 shell',
    main: '主进程',
    anew: '重新开始',
    reconnect: '重新连接',
    copy: '复制选中内容',
    copied: '已复制',
    nothingToCopy: '终端中没有选中内容',
    readAloud: '供读屏软件使用',
    notRunning: '它没有运行：无法打开终端。请先启动，再重新连接。',
    connecting: '正在连接…',
    open: '已连接。离开时，在此启动的程序会结束。',
    ended: (exitCode) => `它已结束，退出码 ${exitCode}。`,
    detached: '您已离开；进程继续运行。',
    keys: 'Ctrl-Shift-C 复制，Ctrl-Shift-V 粘贴，Shift-Escape 让键盘离开终端。',
  },
});
