// The folder of one tunnel's socket: readable by us alone, and gone with the tunnel. What a machine that lost its power has left is swept.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const prefix = 'terrarium-ssh-';
const socketName = 'docker.sock';
/** No ssh takes longer to log in; a folder without a socket that is older belongs to none. */
const abandonedMs = 60_000;

export interface TunnelFolder {
  readonly path: string;
  readonly socket: string;
}

/** Makes an empty one, mode 0700. */
export async function makeTunnelFolder(): Promise<TunnelFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), prefix));
  return { path: folder, socket: path.join(folder, socketName) };
}

let swept: Promise<void> | undefined;

/** Removes, once in the life of this process, the folders of tunnels whose ssh is gone. */
export function sweepTunnelFolders(): Promise<void> {
  swept ??= sweep().catch(() => {}); // what cannot be swept harms nobody
  return swept;
}

async function sweep(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  await Promise.all(
    names.map(async (name) => {
      const folder = path.join(tmpdir(), name);
      const { uid, mtimeMs } = await stat(folder);
      if (uid !== process.getuid?.()) return;
      const state = await tryConnect(path.join(folder, socketName));
      const isAbandoned = state === 'refused' || (state === 'missing' && Date.now() - mtimeMs > abandonedMs);
      if (isAbandoned) await rm(folder, { recursive: true, force: true });
    }),
  );
}

function tryConnect(socketPath: string): Promise<'accepted' | 'refused' | 'missing'> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve('accepted');
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'ECONNREFUSED' ? 'refused' : code === 'ENOENT' ? 'missing' : 'accepted'),
    );
  });
}
