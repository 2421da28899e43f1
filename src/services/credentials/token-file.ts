// The generated token on disk: made once, mode 0600, never overwritten. It is the one thing the server keeps outside the engine.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, minTokenLength } from '../../config.ts';

/**
 * The token kept in `directory`, generated if there is none.
 *
 * @throws {ConfigError} when it cannot be read or written, or others could have read or replaced it.
 */
export async function loadToken(directory: string): Promise<string> {
  const path = join(directory, 'token');
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await refuseSharedDirectory(directory);
    return (await readToken(path)) ?? (await createToken(directory, path));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError(
      `cannot keep a token in ${path} (${code === 'ENOSPC' ? 'ENOSPC: its disk is full' : (code ?? message)}); set TERRARIUM_STATE_DIR to a folder of yours, or TERRARIUM_TOKEN`,
      { cause: error },
    );
  }
}

/** Who may write the folder may put a token of their own there. */
async function refuseSharedDirectory(directory: string): Promise<void> {
  const { mode } = await stat(directory);
  if ((mode & 0o022) !== 0)
    throw new ConfigError(
      `TERRARIUM_STATE_DIR ${directory} can be written by others (mode ${octal(mode)}); name a folder of your own, with mode 700`,
    );
}

async function readToken(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    // A link could lead to a file that others control. Not waiting keeps a pipe in its place from blocking the start.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw new ConfigError(`${path} is not a file; remove it to have a new token made`);
    if ((facts.mode & 0o077) !== 0)
      throw new ConfigError(
        `${path} can be read by others (mode ${octal(facts.mode)}), so its token is no secret; remove it to have a new one made`,
      );
    const token = (await file.readFile('utf8')).trim();
    if (token.length < minTokenLength || !/^[\x21-\x7e]+$/.test(token))
      throw new ConfigError(
        `${path} holds no token of at least ${minTokenLength} characters; remove it to have a new one made`,
      );
    return token;
  } finally {
    await file.close();
  }
}

/** Written aside and linked into place: a reader sees a whole token or none, and of two first starts one wins. */
async function createToken(directory: string, path: string): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const draft = join(directory, `.token-${randomBytes(8).toString('hex')}`);
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${token}\n`);
    await file.sync();
    await link(draft, path);
    return token;
  } catch (error) {
    const other = (error as NodeJS.ErrnoException).code === 'EEXIST' ? await readToken(path) : undefined;
    if (other === undefined) throw error;
    return other;
  } finally {
    await file.close();
    await unlink(draft);
  }
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8);
}
