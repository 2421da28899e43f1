// The files that an engine over TLS or SSH is reached with: are they there, and do they fit each other? Looked at when the server starts, so that a
// wrong path is told by name and not as an engine that is away. What is in a key is never part of an error.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';

/** Paths of PEM files; all that is left out is left to TLS: the authorities of the system, and no certificate of our own. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Paths; what is left out, ssh chooses as for any login. */
export interface SshFiles {
  readonly identity?: string;
  readonly knownHosts?: string;
}

/** What is wrong with one of the files, and the member that names it. */
export interface CredentialFault {
  readonly member: 'ca' | 'cert' | 'key' | 'identity' | 'knownHosts';
  readonly message: string;
  readonly hint: string;
}

/** The first fault; undefined where the files will do. (That a certificate has expired is told when the engine is asked: it may be renewed by then.) */
export function findTlsFault({ ca, cert, key }: TlsFiles): CredentialFault | undefined {
  for (const [member, path] of Object.entries({ ca, cert, key }) as ['ca' | 'cert' | 'key', string | undefined][]) {
    const unreadable = path === undefined ? undefined : findUnreadable(member, path);
    if (unreadable !== undefined) return unreadable;
  }
  if (ca !== undefined && !hasCertificate(ca))
    return { member: 'ca', message: `There is no certificate in ${ca}`, hint: 'It has to be PEM (ca.pem).' };
  if (cert !== undefined && !hasCertificate(cert))
    return { member: 'cert', message: `There is no certificate in ${cert}`, hint: 'It has to be PEM (cert.pem).' };
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? (['key', 'cert'] as const) : (['cert', 'key'] as const);
    return { member: given, message: `"${given}" is given without "${missing}"`, hint: 'They go together.' };
  }
  return cert === undefined || key === undefined ? undefined : findKeyFault(cert, key);
}

function hasCertificate(file: string): boolean {
  try {
    return new X509Certificate(readFileSync(file)).subject !== undefined;
  } catch {
    return false;
  }
}

function findKeyFault(cert: string, key: string): CredentialFault | undefined {
  try {
    const own = createPrivateKey(readFileSync(key));
    if (new X509Certificate(readFileSync(cert)).checkPrivateKey(own)) return undefined;
  } catch {
    const hint = 'It has to be PEM (key.pem), without a passphrase.';
    return { member: 'key', message: `There is no private key that can be read in ${key}`, hint };
  }
  return {
    member: 'key',
    message: `The key in ${key} is not the one of the certificate in ${cert}`,
    hint: 'Name the pair.',
  };
}

/** The first fault; undefined where the files will do. */
export function findSshFault({ identity, knownHosts }: SshFiles): CredentialFault | undefined {
  const unreadable = identity === undefined ? undefined : findUnreadable('identity', identity);
  if (unreadable !== undefined) return unreadable;
  // As ssh itself has it; but ssh would say so on each attempt, and go on without.
  if (identity !== undefined && (statSync(identity).mode & 0o077) !== 0)
    return {
      member: 'identity',
      message: `Others may read the private key in ${identity}, and then ssh does not use it`,
      hint: `chmod 600 ${identity}`,
    };
  return knownHosts === undefined ? undefined : findUnreadable('knownHosts', knownHosts);
}

function findUnreadable(member: CredentialFault['member'], path: string): CredentialFault | undefined {
  try {
    readFileSync(path);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return {
        member,
        message: `There is no file ${path}`,
        hint: 'A relative path begins at the folder of the file of engines.',
      };
    if (code === 'EISDIR') return { member, message: `${path} is a folder`, hint: 'Name the file in it.' };
    return {
      member,
      message: `This process may not read ${path} (${code})`,
      hint: 'Make it readable for the user of the server alone.',
    };
  }
}
