// Set-up step `image`: busybox:latest is on the engine: present, else pulled, else made from Debian's busybox-static.
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { canInstall } from './apt.mjs';
import { packBusyboxRootfs } from './busybox-rootfs.mjs';
import { capture, run } from './command.mjs';
import { findEndpoint } from './docker-endpoint.mjs';
import { askVersion } from './engine.mjs';
import { checkImage, importImage, pullImage } from './images.mjs';
import { SetupError } from './setup-error.mjs';

const reference = 'busybox:latest';

/**
 * Fetches Debian's busybox-static into a folder, without installing it: it conflicts with the package `busybox`.
 * @returns {Promise<string>} the path of the binary
 */
async function fetchBusybox(folder) {
  const download = () => capture('apt-get', ['download', '-qq', 'busybox-static'], { cwd: folder });
  // apt's download user has to be able to write there.
  await chmod(folder, 0o755);
  let downloaded = await download();
  if (downloaded.code !== 0 && (await canInstall())) {
    await run('apt-get', ['update', '-qq', '-o', 'DPkg::Lock::Timeout=120']);
    downloaded = await download();
  }
  const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  if (downloaded.code !== 0 || archive === undefined)
    throw new Error('the package busybox-static cannot be had by apt-get');
  await run('dpkg-deb', ['--extract', path.join(folder, archive), path.join(folder, 'root')]);
  for (const candidate of ['bin/busybox', 'usr/bin/busybox']) {
    const binary = path.join(folder, 'root', candidate);
    if ((await capture(binary, ['--list'])).code === 0) return binary;
  }
  throw new Error('the package busybox-static holds no busybox that runs here');
}

async function makeFromPackage(endpoint) {
  const [{ arch }, local] = [await askVersion(endpoint), { x64: 'amd64', ia32: '386' }[process.arch] ?? process.arch];
  if (arch !== local) throw new Error(`the engine is ${arch} and this machine ${local}`);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-busybox-'));
  try {
    const binary = await fetchBusybox(folder);
    const applets = (await run(binary, ['--list'])).toString().trim().split('\n');
    await importImage(endpoint, reference, {
      rootfs: packBusyboxRootfs(await readFile(binary), applets),
      changes: ['CMD ["sh"]', 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      message: 'made from the Debian package busybox-static',
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const image = {
  name: 'image',
  check: () =>
    checkImage(findEndpoint(), reference, {
      missing: `the image ${reference}: docker pull ${reference}`,
      plan: `getting ${reference} from the registry, or else from busybox-static`,
    }),
  async apply() {
    const endpoint = findEndpoint();
    const pullFailure = await pullImage(endpoint, reference);
    if (pullFailure === undefined) return;
    await makeFromPackage(endpoint).catch((error) => {
      throw new SetupError(
        `${reference} cannot be pulled (${pullFailure}) nor made (${error.message}): \`docker pull ${reference}\`, or \`docker load\` it`,
      );
    });
  },
};
