// Set-up step `test-base`: the base on which tests build the image and play a fresh machine: Debian's slim image where
// it can be pulled, else the same packages by debootstrap. It stays on the engine, so the next run has it at once.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { run } from './command.mjs';
import { askDocker } from './docker-api.mjs';
import { findEndpoint } from './docker-endpoint.mjs';
import { checkImage, importImage, pullImage } from './images.mjs';
import { SetupError } from './setup-error.mjs';

const suite = 'trixie';
const official = `debian:${suite}-slim`;
const reference = `terrarium-test-base:${suite}`;
const mirror = 'http://deb.debian.org/debian';

/** What Debian's slim image leaves out too, and what apt fetched to get here. */
const unneeded = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/info',
  'var/cache/apt',
  'var/lib/apt/lists',
];

/** Debian's container images come with these settings of dpkg and apt too. */
const settings = {
  'etc/dpkg/dpkg.cfg.d/docker-apt-speedup': 'force-unsafe-io\n',
  'etc/dpkg/dpkg.cfg.d/docker': ['doc', 'man', 'locale', 'info']
    .map((name) => `path-exclude /usr/share/${name}/*\n`)
    .join(''),
  'etc/apt/apt.conf.d/docker-no-languages': 'Acquire::Languages "none";\n',
};

async function packBase() {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-base-'));
  try {
    await run('debootstrap', ['--variant=minbase', suite, folder, mirror]);
    for (const [file, text] of Object.entries(settings)) await writeFile(path.join(folder, file), text);
    const excludes = unneeded.map((entry) => `--exclude=./${entry}/*`);
    return await run('tar', ['-C', folder, '--numeric-owner', ...excludes, '-c', '.']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const testBase = {
  name: 'test-base',
  check: () =>
    checkImage(findEndpoint(), reference, {
      missing: `the image ${reference}`,
      plan: `making ${reference} of ${official}, or else by debootstrap`,
    }),
  async apply() {
    const endpoint = findEndpoint();
    if ((await pullImage(endpoint, official)) === undefined) {
      const [repo, tag] = reference.split(':');
      await askDocker(endpoint, 'POST', `/images/${official}/tag?${new URLSearchParams({ repo, tag })}`);
      return;
    }
    const image = { rootfs: await packBase(), changes: ['CMD ["bash"]'], message: 'made by debootstrap' };
    await importImage(endpoint, reference, image).catch((error) => {
      throw new SetupError(`${reference} cannot be made: ${error.message}`);
    });
  },
};
