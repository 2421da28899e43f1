// The ways to an engine: a socket, TCP, TLS, or a tunnel of ssh. Each knows how a connection is made and what its failures mean; requests and answers
// are the same on all of them.
import type { RequestOptions } from 'node:https';
import type { SecureContext } from 'node:tls';
import type { Failure } from '../../schemas/failure.ts';
import type { SshFiles, TlsFiles } from './credential-files.ts';
import type { Endpoint } from './endpoint.ts';
import { shareLookup } from './shared-lookup.ts';
import { SshTunnel } from './ssh-tunnel.ts';
import { TlsTransport } from './tls-transport.ts';
import type { EngineLabel } from './translate-errors.ts';

/** What node's HTTP needs to make a connection. */
export type Way = RequestOptions & { readonly secureContext?: SecureContext };

/** The way to one engine, shared by all its connections. */
export interface Transport {
  /** Is it spoken to in HTTPS? */
  readonly isSecure: boolean;
  /** Rejects with a `Failure` where there is no way at present. */
  open(): Promise<Way>;
  /** The failure that a broken connection means, where the way knows more than the error does. */
  explain(error: unknown): Promise<Failure | undefined>;
  /** What is being waited for where a call gets no answer in time; undefined where the way is open. */
  readonly obstacle: string | undefined;
  /** What was kept of the way (certificates that were read) may be outdated. */
  renew(): void;
  /** Resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** What some kinds of endpoint need beside their address. */
export interface Credentials {
  readonly tls?: TlsFiles;
  readonly ssh?: SshFiles;
}

/** The way to an endpoint. Nothing is opened before the first request. */
export function createTransport(
  endpoint: Endpoint,
  label: EngineLabel,
  { tls = {}, ssh = {} }: Credentials,
): Transport {
  switch (endpoint.kind) {
    case 'unix':
      return createPlain({ socketPath: endpoint.path });
    case 'tcp':
      return createPlain({ host: endpoint.host, port: endpoint.port, lookup: shareLookup() });
    case 'tls':
      return new TlsTransport(endpoint, label, tls);
    case 'ssh':
      return new SshTunnel(endpoint, label, ssh);
  }
}

function createPlain(way: Way): Transport {
  return {
    isSecure: false,
    obstacle: undefined,
    open: async () => way,
    explain: async () => undefined,
    renew() {},
    close: async () => {},
  };
}
