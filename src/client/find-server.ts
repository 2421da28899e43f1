// Where the server is, and its token: from the environment, else where a server of this machine keeps them. Node only; it writes nothing.
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface FoundServer {
  readonly url: string;
  /** undefined where there is none: most calls need one. */
  readonly token: string | undefined;
  /** Where the token is from, or was looked for. */
  readonly source: string;
}

/** The port of a server that nobody told another one. */
const defaultPort = '4242';

/**
 * `TERRARIUM_URL`, else the loopback port of `TERRARIUM_PORT` (4242); `TERRARIUM_TOKEN`, else the file `token` of `TERRARIUM_STATE_DIR`. The file is
 * read for a server of this machine only: its token is no other server's business.
 */
export async function findServer(env: NodeJS.ProcessEnv = process.env): Promise<FoundServer> {
  const url = read(env.TERRARIUM_URL) ?? `http://127.0.0.1:${read(env.TERRARIUM_PORT) ?? defaultPort}`;
  const token = read(env.TERRARIUM_TOKEN);
  if (token !== undefined) return { url, token, source: 'TERRARIUM_TOKEN' };
  const file = join(findStateDir(env), 'token');
  if (!isLocal(url)) return { url, token: undefined, source: 'TERRARIUM_TOKEN' };
  return { url, token: await readToken(file), source: file };
}

/** An empty variable is an absent one. */
function read(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/** As the server has it. */
function findStateDir(env: NodeJS.ProcessEnv): string {
  return (
    read(env.TERRARIUM_STATE_DIR) ?? join(read(env.XDG_STATE_HOME) ?? join(homedir(), '.local', 'state'), 'terrarium')
  );
}

function isLocal(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

async function readToken(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
