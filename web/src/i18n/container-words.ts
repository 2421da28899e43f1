// Names of modes and states of containers in Chinese, one of each in all views; the modes are those of the lecture. English has the API's own words.
import type { Container } from '../../../src/client/index.ts';

export const modesZh: Readonly<Record<Container['mode'], string>> = {
  closed: '封闭式',
  bridged: '桥接式',
  joined: '联盟式',
  open: '开放式',
};

export const containerStatesZh: Readonly<Record<Container['state'], string>> = {
  created: '已创建',
  running: '运行中',
  paused: '已暂停',
  restarting: '正在重启',
  removing: '正在删除',
  exited: '已退出',
  dead: '已失效',
};
