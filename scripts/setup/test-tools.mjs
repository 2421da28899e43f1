// Set-up step `test-tools`: the programs that only tests need. The server itself needs none of them.
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { canInstall, installPackages } from './apt.mjs';
import { capture } from './command.mjs';
import { SetupError } from './setup-error.mjs';

/** The program, how to tell that it is there when its file does not say so (and what that has to print), and the packages that bring it, by release. */
const tools = [
  { name: 'docker', packages: ['docker-cli'] },
  {
    name: 'docker compose',
    probe: ['docker', 'compose', 'version'],
    packages: ['docker-compose-v2', 'docker-compose'],
  },
  { name: 'docker buildx', probe: ['docker', 'buildx', 'version'], packages: ['docker-buildx'] },
  { name: 'docker-registry', packages: ['docker-registry'] },
  { name: 'debootstrap', packages: ['debootstrap', 'debian-archive-keyring'] },
  { name: 'tini', packages: ['tini'] },
  { name: 'ip', packages: ['iproute2'] },
  { name: 'nsenter', packages: ['util-linux'] },
  { name: 'git', packages: ['git'] },
  { name: 'openssl', packages: ['openssl'] },
  { name: 'ssh', packages: ['openssh-client'] },
  { name: 'sshd', packages: ['openssh-server'] },
  { name: 'chromium', packages: ['chromium'] },
  // A browser without a font for them shows Chinese characters as boxes.
  {
    name: 'a CJK font',
    probe: ['fc-list', ':lang=zh', 'file'],
    says: /\S/,
    packages: ['fonts-noto-cjk', 'fontconfig'],
  },
];

async function isOnPath(program) {
  const folders = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`
    .split(':')
    .filter((folder) => folder !== '');
  const found = await Promise.all(
    folders.map((folder) =>
      access(path.join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

async function isThere({ name, probe, says }) {
  if (!probe) return isOnPath(name);
  const { code, stdout } = await capture(probe[0], probe.slice(1));
  return code === 0 && (says === undefined || says.test(stdout.toString()));
}

async function findAbsent() {
  const there = await Promise.all(tools.map(isThere));
  return tools.filter((_, index) => !there[index]);
}

export const testTools = {
  name: 'test-tools',
  async check() {
    const absent = await findAbsent();
    if (absent.length === 0) return { ok: true, detail: tools.map(({ name }) => name).join(', ') };
    const names = absent.map(({ name }) => name).join(', ');
    if (!(await canInstall()))
      throw new SetupError(`tests need ${names}: install them, or run as root on Debian or Ubuntu`);
    return { ok: false, missing: `programs for tests: ${names}`, plan: `installing ${names}` };
  },
  async apply() {
    const absent = await findAbsent();
    await installPackages({ required: [], optional: absent.flatMap(({ packages }) => packages) });
    const still = await findAbsent();
    if (still.length > 0)
      throw new SetupError(`tests need ${still.map(({ name }) => name).join(', ')}, which no package here brings`);
  },
};
