// The way to an engine over TLS: its certificate is always verified, and ours shown where we have one. What goes wrong is told by the certificate
// that is at fault and whose it is.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect, createSecureContext, type SecureContext } from 'node:tls';
import { Failure } from '../../schemas/failure.ts';
import type { TlsFiles } from './credential-files.ts';
import type { Endpoint } from './endpoint.ts';
import { shareLookup } from './shared-lookup.ts';
import { describeTlsFault, type TlsContext } from './tls-errors.ts';
import { type EngineLabel, readErrorCode } from './translate-errors.ts';
import type { Transport, Way } from './transport.ts';

/** How long a refusal of our certificate may take to arrive after the handshake: with TLS 1.3 the engine judges it when we are done. */
const verdictMs = 1_000;
/** What the engine's refusal of our certificate looks like where a request was under way already. */
const cutCodes = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

type TlsEndpoint = Extract<Endpoint, { port: number }>;

export class TlsTransport implements Transport {
  readonly isSecure = true;
  readonly obstacle = undefined;
  readonly #endpoint: TlsEndpoint;
  readonly #label: EngineLabel;
  readonly #files: TlsFiles;
  readonly #lookup = shareLookup();
  #context: SecureContext | undefined;
  #trial: Promise<unknown> | undefined;

  constructor(endpoint: TlsEndpoint, label: EngineLabel, files: TlsFiles) {
    this.#endpoint = endpoint;
    this.#label = label;
    this.#files = files;
  }

  async open(): Promise<Way> {
    const { host, port } = this.#endpoint;
    return {
      host,
      port,
      lookup: this.#lookup,
      // The name that is verified, also where it is an address: then none is sent.
      servername: isIP(host) === 0 ? host : '',
      secureContext: this.#readContext(),
      rejectUnauthorized: true,
    };
  }

  async explain(error: unknown): Promise<Failure | undefined> {
    const cause = cutCodes.has(readErrorCode(error)) ? await this.#hearVerdict() : error;
    const fault = describeTlsFault(cause, { endpoint: this.#label.endpoint, ...this.#describeOwn() });
    if (fault === undefined) return undefined;
    return new Failure('engine_unavailable', `The engine ${this.#label.name} is away: ${fault.why}`, {
      hint: fault.hint,
      retryAfter: 2,
      cause,
    });
  }

  /** They may have been renewed on the disk. */
  renew(): void {
    this.#context = undefined;
  }

  async close(): Promise<void> {}

  #readContext(): SecureContext {
    if (this.#context !== undefined) return this.#context;
    const { ca, cert, key } = this.#files;
    try {
      this.#context = createSecureContext({
        minVersion: 'TLSv1.2',
        ...(ca !== undefined && { ca: readFileSync(ca) }),
        ...(cert !== undefined && { cert: readFileSync(cert) }),
        ...(key !== undefined && { key: readFileSync(key) }),
      });
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new Failure(
        'engine_unavailable',
        `The engine ${this.#label.name} is away: its certificates cannot be read: ${words}`,
        {
          hint: 'Put back the files that the configuration names.',
          retryAfter: 2,
          cause: error,
        },
      );
    }
    return this.#context;
  }

  /** Whom our own certificate is good for, as far as it can tell; never what is in the key. */
  #describeOwn(): Pick<TlsContext, 'ownCertificate' | 'expiredOn'> {
    const { cert } = this.#files;
    if (cert === undefined) return { ownCertificate: null, expiredOn: null };
    try {
      const validTo = new Date(new X509Certificate(readFileSync(cert)).validTo);
      return { ownCertificate: cert, expiredOn: validTo.getTime() <= Date.now() ? validTo : null };
    } catch {
      return { ownCertificate: cert, expiredOn: null };
    }
  }

  /**
   * A cut connection may be a refusal of our certificate whose words were lost, because a request was on its way already. So: once more without a
   * request, and listening. Answers what was heard; undefined where the engine had nothing against us.
   */
  #hearVerdict(): Promise<unknown> {
    this.#trial ??= this.#connectIdly().finally(() => {
      this.#trial = undefined;
    });
    return this.#trial;
  }

  async #connectIdly(): Promise<unknown> {
    const { secureContext, servername, lookup } = await this.open();
    const { host, port } = this.#endpoint;
    return new Promise((resolve) => {
      const socket = connect({ host, port, secureContext, servername, lookup });
      const finish = (verdict?: unknown) => {
        clearTimeout(timer);
        socket.destroy();
        resolve(verdict);
      };
      const timer = setTimeout(finish, verdictMs, undefined);
      socket.once('error', finish);
      socket.once('end', () => finish());
      // A connection that is held open is a connection that we may have.
      socket.resume();
    });
  }
}
