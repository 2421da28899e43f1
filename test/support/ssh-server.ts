// A real sshd of a test's own, on a high port of loopback, with its own keys. All its processes live in one PID namespace and end together.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { defer } from './defer.ts';
import { type Cleanup, findFreePort, runCommand } from './engine.ts';
import { waitFor } from './wait-for.ts';

export interface SshServer {
  readonly port: number;
  /** A private key that it lets in, for every user. */
  readonly identity: string;
  /** A file of known hosts with its key. */
  readonly knownHosts: string;
  /** How many connections it has accepted so far, by its own log. */
  connections(): number;
  /** Everything it has said. */
  log(): string;
  /** SIGKILLs it, with its sessions. */
  kill(): Promise<void>;
  /** Starts it again, with the same keys or, `withNewKey`, as another machine would be there. */
  start(options?: { withNewKey?: boolean }): Promise<void>;
}

/** Why no sshd can be had here, for a test's `skip`; false where one can. */
export function whyNoSshServer(): string | false {
  if (process.platform !== 'linux') return 'an sshd of its own needs Linux';
  return process.getuid?.() === 0 ? false : 'an sshd of its own needs root';
}

/** Makes a key pair without a passphrase; answers the path of the private one. */
export async function makeSshKey(folder: string, name: string): Promise<string> {
  const file = path.join(folder, name);
  await rm(file, { force: true });
  const { code, stderr } = await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
  if (code !== 0) throw new Error(`ssh-keygen: ${stderr}`);
  return file;
}

/** Starts one and ends it after the test. `config`: further lines of sshd_config. */
export async function startSshServer(
  cleanup: Cleanup,
  { config = [] }: { config?: readonly string[] } = {},
): Promise<SshServer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-sshd-'));
  // The user who logs in reads the authorized keys in it.
  await chmod(folder, 0o755);
  const port = await findFreePort();
  const file = (name: string) => path.join(folder, name);
  const identity = await makeSshKey(folder, 'identity');
  await writeFile(file('authorized_keys'), await readFile(`${identity}.pub`), { mode: 0o644 });
  const knownHosts = file('known_hosts');
  await writeFile(
    file('sshd_config'),
    [
      ...config,
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${file('host_key')}`,
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'MaxStartups 100',
      'LogLevel INFO',
    ].join('\n'),
  );
  const output: string[] = [];
  let child: ChildProcess | undefined;

  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
  };
  const start = async ({ withNewKey = false } = {}) => {
    await kill();
    if (withNewKey || output.length === 0) await makeSshKey(folder, 'host_key');
    if (output.length === 0) {
      const [type, key] = (await readFile(file('host_key.pub'), 'utf8')).split(' ');
      await writeFile(knownHosts, `[127.0.0.1]:${port} ${type} ${key}\n`);
    }
    // Its folder for the separation of privileges has to be there; not on this machine's /run.
    const script = `mount -t tmpfs tmpfs /run && mkdir -m 0755 /run/sshd && exec "$(command -v sshd || echo /usr/sbin/sshd)" -D -e -f '${file('sshd_config')}'`;
    const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
    child = spawn('unshare', [...namespaces, 'sh', '-c', script], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => output.push(text));
    const started = child;
    await waitFor(async (see) => see(started.exitCode) !== null || (await accepts(port)), {
      what: 'sshd to listen',
    });
    if (started.exitCode !== null) throw new Error(`sshd ended: ${output.join('')}`);
  };
  defer(cleanup, async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  });
  await start();
  return {
    port,
    identity,
    knownHosts,
    log: () => output.join(''),
    connections: () => output.join('').split('Accepted publickey').length - 1,
    kill,
    start,
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
