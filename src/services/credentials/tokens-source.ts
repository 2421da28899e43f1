// The tokens file on disk, read whole or not at all: who else may write it could let anybody in, so its mode is looked at each time.
import { constants, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseTokensFile, type TokensFileEntry, TokensFileError } from '../../domain/principals/tokens-file.ts';

/** More than a thousand principals are a mistake. */
const maxBytes = 1024 * 1024;

/** What tells one state of the file from the next: another file in its place, another content, another mode. It follows links, as a ConfigMap needs. */
export async function fingerprint(path: string): Promise<string> {
  try {
    const { dev, ino, size, mode, uid, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mode, uid, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}

/** @throws {TokensFileError} in words that follow the path of the file */
export async function readTokensFile(path: string): Promise<TokensFileEntry[]> {
  try {
    await refuseOpenFolder(path);
    // Not waiting keeps a pipe in its place from blocking the start.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const facts = await file.stat();
      refuseOpenFile(facts);
      return parseTokensFile(await file.readFile('utf8'));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof TokensFileError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TokensFileError(code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code ?? message})`, {
      cause: error,
    });
  }
}

function refuseOpenFile(facts: Stats): void {
  if (!facts.isFile()) throw new TokensFileError('it is no file');
  if (facts.size > maxBytes) throw new TokensFileError(`it has ${facts.size} bytes; at most ${maxBytes}`);
  const own = process.getuid?.() ?? 0;
  if (facts.uid !== 0 && facts.uid !== own)
    throw new TokensFileError(
      `it belongs to the user ${facts.uid}; it must be root's, or of the user of the server (${own})`,
    );
  // A group may read it: so a mounted secret is given to a server that is not root.
  if ((facts.mode & 0o037) !== 0)
    throw new TokensFileError(
      `it can be written by its group or read by others (mode ${(facts.mode & 0o777).toString(8)}); chmod 600 it`,
    );
}

/** Who may write the folder may put another file there, unless it is sticky, as mounts of Kubernetes are. */
async function refuseOpenFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const { mode } = await stat(folder);
  if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0)
    throw new TokensFileError(`its folder ${folder} can be written by others (mode ${(mode & 0o777).toString(8)})`);
}
