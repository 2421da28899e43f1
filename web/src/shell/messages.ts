// The texts of the shell: header, login, connection, palette.
import type { Session } from '../../../src/client/index.ts';
import { defineMessages } from '../i18n/messages.ts';
import type { Theme } from '../preferences.ts';
import type { LoginReason } from '../session.ts';

const themesEn: Readonly<Record<Theme, string>> = {
  auto: 'Auto',
  light: 'Light',
  dark: 'Dark',
  projector: 'Projector',
};
const themesZh: Readonly<Record<Theme, string>> = { auto: '自动', light: '浅色', dark: '深色', projector: '投影' };

const reasonsEn: Readonly<Record<Exclude<LoginReason['kind'], 'refused'>, string>> = {
  none: 'Not logged in',
  loggedOut: 'Logged out',
  expired: 'The session is over: the server does not know its token any more. Log in again to go on where you were.',
};
const reasonsZh: typeof reasonsEn = {
  none: '尚未登录',
  loggedOut: '已退出登录',
  expired: '会话已结束：服务器不再认可此令牌。重新登录后将回到原来的页面。',
};

type Role = Session['role'];
const rolesEn: Readonly<Record<Role, string>> = { admin: 'admin', operator: 'operator', viewer: 'viewer' };
const rolesZh: typeof rolesEn = { admin: '管理员', operator: '操作员', viewer: '只读' };

export const messages = defineMessages({
  en: {
    claim: 'Who can reach whom, through which port, right now',
    token: 'Token',
    tokenHint:
      'Open the login URL that the server printed when it started, or enter its token: it is in the server’s configuration, or in the file "token" of its state directory.',
    logIn: 'Log in',
    logOut: 'Log out',
    loginReason: (kind: keyof typeof reasonsEn) => reasonsEn[kind],
    language: 'Language',
    theme: 'Theme',
    themes: (name: Theme) => themesEn[name],
    views: 'Views',
    skip: 'Skip to content',
    loading: 'Loading…',
    noView: (name: string) => `There is no view "${name}"`,
    noViewHint: 'The link may be of another version. Choose a view above.',
    viewFailed: 'This view could not be loaded',
    viewFailedHint: 'The server may have been updated since this page was opened.',
    reload: 'Load the page again',
    live: 'Live',
    connecting: 'Connecting…',
    lost: 'Connection lost',
    lostBanner: (since: string) => `No connection to the server since ${since}. What you see is what was last known.`,
    lostAgain: 'It connects again by itself.',
    retryNow: 'Try now',
    engineAway: (name: string, since: string) =>
      `Engine ${name} has not answered since ${since}. What you see of it is what was last known.`,
    enginePending: (name: string) => `Engine ${name} is being read; what you see of it is not complete yet.`,
    palette: 'Commands',
    paletteHint: 'Type to find a command, a view or a container',
    paletteNone: 'Nothing found',
    goTo: (title: string) => `Go to: ${title}`,
    openContainer: (name: string) => `Container: ${name}`,
    useTheme: (name: string) => `Theme: ${name}`,
    useLanguage: (name: string) => `Language: ${name}`,
    copyLink: 'Copy the link to this place',
    copied: 'Copied',
    readOnly: 'Read-only',
    readOnlyHint: 'This login may look at everything and change nothing',
    session: (name: string, role: Role, until: string | null) =>
      `${name}, ${rolesEn[role]}${until === null ? '' : `, until ${until}`}`,
    share: 'Read-only link',
    shareTitle: 'A link that may only look',
    shareAbout:
      'For a projector, or for a class: whoever opens it sees what you see, and can change nothing, run nothing and read no logs. It lasts 12 hours.',
    shareLink: 'Link',
    shareOnce: (until: string) => `It opens one browser, once, until ${until}.`,
    shareCopy: 'Copy the link',
    close: 'Close',
    api: 'API',
  },
  zh: {
    claim: '谁能通过哪个端口访问谁，此刻一目了然',
    token: '令牌',
    tokenHint: '打开服务器启动时打印的登录网址，或输入令牌：令牌在服务器配置中，或在其状态目录的“token”文件里。',
    logIn: '登录',
    logOut: '退出登录',
    loginReason: (kind) => reasonsZh[kind],
    language: '语言',
    theme: '主题',
    themes: (name) => themesZh[name],
    views: '视图',
    skip: '跳到内容',
    loading: '正在加载…',
    noView: (name) => `没有视图“${name}”`,
    noViewHint: '链接可能来自其他版本。请在上方选择视图。',
    viewFailed: '无法加载此视图',
    viewFailedHint: '打开此页面后服务器可能已更新。',
    reload: '重新加载页面',
    live: '实时',
    connecting: '正在连接…',
    lost: '连接已断开',
    lostBanner: (since) => `自 ${since} 起与服务器失去连接。当前显示的是最后已知的状态。`,
    lostAgain: '将自动重新连接。',
    retryNow: '立即重试',
    engineAway: (name, since) => `引擎 ${name} 自 ${since} 起没有响应。其内容是最后已知的状态。`,
    enginePending: (name) => `正在读取引擎 ${name}，显示的内容尚不完整。`,
    palette: '命令',
    paletteHint: '输入以查找命令、视图或容器',
    paletteNone: '没有结果',
    goTo: (title) => `前往：${title}`,
    openContainer: (name) => `容器：${name}`,
    useTheme: (name) => `主题：${name}`,
    useLanguage: (name) => `语言：${name}`,
    copyLink: '复制此处的链接',
    copied: '已复制',
    readOnly: '只读',
    readOnlyHint: '此登录可以查看一切，但不能更改任何内容',
    session: (name, role, until) => `${name}，${rolesZh[role]}${until === null ? '' : `，至 ${until}`}`,
    share: '只读链接',
    shareTitle: '仅供查看的链接',
    shareAbout:
      '用于投影或课堂：打开它的人能看到您所看到的内容，但不能更改、不能运行任何命令，也不能查看日志。有效期 12 小时。',
    shareLink: '链接',
    shareOnce: (until) => `在 ${until} 之前可在一个浏览器中打开一次。`,
    shareCopy: '复制链接',
    close: '关闭',
    api: 'API',
  },
});
