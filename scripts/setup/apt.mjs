// Debian's and Ubuntu's package manager. It installs nothing unless it is asked to by name.
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { run } from './command.mjs';
import { SetupError } from './setup-error.mjs';

/** True for Debian, Ubuntu and what is made of them. @param {string} osRelease the text of /etc/os-release */
export function isDebianLike(osRelease) {
  const value = (key) => new RegExp(`^${key}=["']?([^"'\n]*)`, 'm').exec(osRelease)?.[1] ?? '';
  return `${value('ID')} ${value('ID_LIKE')}`.split(/\s+/).some((id) => id === 'debian' || id === 'ubuntu');
}

/** True when packages can be installed: Debian-like, and this is root. */
export async function canInstall() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  return isDebianLike(await readFile('/etc/os-release', 'utf8').catch(() => ''));
}

/** Those of the packages that the release offers. @param {string[]} packages @param {string} policy output of `apt-cache policy` */
export function selectOffered(packages, policy) {
  const offered = new Set();
  let current = '';
  for (const line of policy.split('\n')) {
    current = /^(\S+):$/.exec(line)?.[1] ?? current;
    const candidate = /^\s+Candidate: (.+)$/.exec(line)?.[1];
    if (candidate !== undefined && candidate !== '(none)') offered.add(current);
  }
  return packages.filter((name) => offered.has(name));
}

/**
 * Installs packages, without what they recommend. Waits for another apt's lock for two minutes.
 * @param {{ required: string[], optional?: string[] }} packages `optional` ones are left out where the release has none
 *   of that name (Ubuntu's docker.io holds the command line client that is a package of its own in Debian)
 * @throws {SetupError}
 */
export async function installPackages({ required, optional = [] }) {
  if (!(await canInstall())) throw new SetupError(`install ${required.join(', ')} and try again`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq', '-o', 'DPkg::Lock::Timeout=120'], { env });
  const offered = selectOffered(optional, (await run('apt-cache', ['policy', ...optional])).toString());
  const options = ['-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];
  await run('apt-get', ['install', ...options, ...required, ...offered], { env });
}
