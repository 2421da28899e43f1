// The root file system of the stand-in for Docker Hub's busybox image: one static binary, a link for each applet and
// the handful of files every image has. Pure.
import { packTar } from './tar.mjs';

const folders = [
  'bin',
  'dev',
  'etc',
  'home',
  'proc',
  'root',
  'sys',
  'tmp',
  'usr',
  'usr/bin',
  'usr/sbin',
  'var',
  'var/www',
];
const modes = { root: 0o700, tmp: 0o1777 };

const passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`;
const group = `root:x:0:
daemon:x:1:
www-data:x:33:
nobody:x:65534:
`;

/**
 * @param {Buffer} busybox the static binary
 * @param {string[]} applets names as `busybox --list` prints them
 * @returns {Buffer} a tar archive for `docker import`
 */
export function packBusyboxRootfs(busybox, applets) {
  return packTar([
    ...folders.map((path) => ({ path, type: 'folder', mode: modes[path] ?? 0o755 })),
    { path: 'bin/busybox', type: 'file', mode: 0o755, content: busybox },
    ...applets
      .filter((name) => name !== 'busybox')
      .map((name) => ({ path: `bin/${name}`, type: 'link', target: 'busybox' })),
    { path: 'usr/bin/env', type: 'link', target: '../../bin/env' },
    { path: 'etc/passwd', type: 'file', mode: 0o644, content: passwd },
    { path: 'etc/group', type: 'file', mode: 0o644, content: group },
  ]);
}
