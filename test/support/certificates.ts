// Certificates of a test's own, made by the real openssl: authorities, and what they sign.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { defer } from './defer.ts';
import { type Cleanup, runCommand } from './engine.ts';

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** The path of its own certificate. */
  readonly ca: string;
  /**
   * A key and a certificate signed by it. `names` as openssl has them (`IP:127.0.0.1`, `DNS:lab.example`); without any it is one for clients.
   * `expired`: valid for the second in which it was made.
   */
  issue(options?: { names?: readonly string[]; expired?: boolean }): Promise<CertificateFiles>;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes a key and a certificate that it signed itself, at these paths. */
export function makeSelfSigned({ cert, key }: Pick<CertificateFiles, 'cert' | 'key'>): void {
  const args = ['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=x', '-keyout', key, '-out', cert];
  const { status, stderr } = spawnSync('openssl', args);
  if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
}

/** Makes an authority; its files are gone after the test. */
export async function makeAuthority(cleanup: Cleanup): Promise<Authority> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-certificates-'));
  defer(cleanup, () => rm(folder, { recursive: true, force: true }));
  const file = (name: string) => path.join(folder, name);
  const openssl = async (...args: string[]) => {
    const { code, stderr } = await runCommand('openssl', args);
    if (code !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
  };
  const [ca, caKey] = [file('ca.pem'), file('ca-key.pem')];
  await openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=test authority', '-keyout', caKey, '-out', ca);
  let count = 0;
  return {
    ca,
    async issue({ names, expired = false } = {}) {
      count += 1;
      const [cert, key, request, extensions] = ['cert', 'key', 'request', 'extensions'].map((name) =>
        file(`${count}-${name}.pem`),
      ) as [string, string, string, string];
      await openssl('req', ...newKey, '-subj', `/CN=test ${count}`, '-keyout', key, '-out', request);
      const use = names === undefined ? 'clientAuth' : `serverAuth\nsubjectAltName = ${names.join(',')}`;
      await writeFile(extensions, `extendedKeyUsage = ${use}\n`);
      const signed = [
        '-CA',
        ca,
        '-CAkey',
        caKey,
        // A file of serial numbers would be read by one while another writes it.
        '-set_serial',
        `0x${randomBytes(8).toString('hex')}`,
        '-days',
        expired ? '0' : '2',
        '-extfile',
        extensions,
      ];
      await openssl('x509', '-req', '-in', request, ...signed, '-out', cert);
      return { ca, cert, key };
    },
  };
}
