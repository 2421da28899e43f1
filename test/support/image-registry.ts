// An image registry of a test's own on loopback (Debian's docker-registry), and images that nobody has seen before. The engine takes
// registries on 127.0.0.0/8 without TLS.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defer } from './defer.ts';
import { type Cleanup, docker, findFreePort, runCommand } from './engine.ts';
import { uniqueName } from './run-id.ts';
import { waitFor } from './wait-for.ts';

export interface ImageRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Puts an image with one new layer of this many random bytes into the registry, and takes it off the engine. Returns its reference. */
  publish(size?: number): Promise<string>;
  /** Puts an image of the engine into the registry under a new name. Returns its reference. */
  publishCopy(image: string): Promise<string>;
  /** Loses what the layers and configurations of all images consist of: a pull begins and then fails. */
  loseBlobs(): Promise<void>;
  /** SIGSTOPs the registry: it accepts and does not answer. */
  freeze(): void;
  thaw(): void;
}

/** Starts a registry; it ends with the test, and what was pulled from it is taken off the engine. */
export async function startImageRegistry(cleanup: Cleanup): Promise<ImageRegistry> {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-registry-'));
  const host = `127.0.0.1:${await findFreePort()}`;
  const configuration = path.join(folder, 'config.json');
  await writeFile(
    configuration,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: path.join(folder, 'data') } },
      http: { addr: host },
    }),
  );
  const server = spawn('docker-registry', ['serve', configuration], { stdio: 'ignore' });
  const failed = once(server, 'error').then(([error]) => error as Error);
  defer(cleanup, async () => {
    const ended = server.exitCode === null && server.pid !== undefined ? once(server, 'exit') : undefined;
    server.kill('SIGKILL');
    await ended;
    const { stdout } = await docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', `${host}/*`);
    for (const image of stdout.split('\n').filter((line) => line !== '')) await docker('image', 'rm', image);
    await rm(folder, { recursive: true, force: true });
  });
  const answers = async () => (await fetch(`http://${host}/v2/`)).ok;
  const error = await Promise.race([failed, waitFor(answers, { what: 'the registry to answer' }).then(() => null)]);
  if (error !== null)
    throw new Error('docker-registry cannot be started: node scripts/setup.mjs installs it', { cause: error });

  const nameOf = () => `${host}/${uniqueName('image').toLowerCase()}:v1`;
  async function push(reference: string): Promise<string> {
    await run('push', '--quiet', reference);
    await run('image', 'rm', reference);
    return reference;
  }
  return {
    host,
    async publish(size = 1_000_000) {
      const reference = nameOf();
      const root = await mkdtemp(path.join(folder, 'layer-'));
      await mkdir(path.join(root, 'files'));
      await writeFile(path.join(root, 'files', 'random'), randomBytes(size));
      const archive = path.join(root, 'layer.tar');
      const { code, stderr } = await runCommand('tar', ['-cf', archive, '-C', path.join(root, 'files'), 'random']);
      if (code !== 0) throw new Error(`tar: ${stderr}`);
      await run('import', archive, reference);
      return push(reference);
    },
    async publishCopy(image) {
      const reference = nameOf();
      await run('tag', image, reference);
      return push(reference);
    },
    async loseBlobs() {
      const blobs = path.join(folder, 'data', 'docker', 'registry', 'v2', 'blobs', 'sha256');
      for (const prefix of await readdir(blobs))
        for (const digest of await readdir(path.join(blobs, prefix))) {
          const file = path.join(blobs, prefix, digest, 'data');
          if (!(await isManifest(file))) await rm(file);
        }
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
  };
}

async function isManifest(file: string): Promise<boolean> {
  const { stdout } = await runCommand('head', ['--bytes=400', file]);
  return stdout.includes('"schemaVersion"');
}

async function run(...args: string[]): Promise<void> {
  const { code, stderr } = await docker(...args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
}
