// What a failed TLS connection means, in words that name the certificate at fault and the way out. Pure.
import { readErrorCode } from './translate-errors.ts';

/** What is known of our side of the connection. */
export interface TlsContext {
  /** `tcp://host:2376` */
  readonly endpoint: string;
  /** The path of the certificate that we show; null where we have none. */
  readonly ownCertificate: string | null;
  /** When it did; null where it is valid still, as far as is known. */
  readonly expiredOn: Date | null;
}

export interface TlsFault {
  /** The end of "The engine NAME is away: …". */
  readonly why: string;
  readonly hint: string;
}

const untrusted = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_CHAIN_TOO_LONG',
  'INVALID_CA',
]);
const notTls = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST']);

/** Undefined where the error says nothing about certificates. */
export function describeTlsFault(error: unknown, context: TlsContext): TlsFault | undefined {
  const code = readErrorCode(error);
  const { endpoint } = context;
  if (code === 'CERT_HAS_EXPIRED')
    return {
      why: `the certificate of ${endpoint} has expired`,
      hint: 'Renew the certificate of the engine (its server-cert.pem), and restart it.',
    };
  if (code === 'CERT_NOT_YET_VALID')
    return {
      why: `the certificate of ${endpoint} is not valid yet`,
      hint: 'Compare the clocks of this machine and of the one that made the certificate.',
    };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = readNames(error);
    return {
      why: `the certificate of ${endpoint} is for another host${names === '' ? '' : ` (${names})`}`,
      hint: 'Write a name of the certificate into the endpoint, or make a certificate with this one (subjectAltName).',
    };
  }
  if (untrusted.has(code))
    return {
      why: `the certificate of ${endpoint} is not signed by an authority that is trusted here (${code})`,
      hint: 'Name the certificate of the authority that signed it: "ca" of the engine, or ca.pem in DOCKER_CERT_PATH.',
    };
  if (notTls.has(code) || /:wrong version number:|:http request:|:packet length too long:/.test(String(error)))
    return {
      why: `what answers at ${endpoint} does not speak TLS`,
      hint: 'Check the port (2376 with TLS, 2375 without), or leave out "tls" for plain tcp://.',
    };
  const alert = /alert[_ ](.*)$/i.exec(code)?.[1] ?? /(?:tlsv1|sslv3|tlsv13) alert ([a-z ]+)/i.exec(String(error))?.[1];
  if (alert === undefined) return undefined;
  return describeAlert(alert.toLowerCase().replaceAll('_', ' ').trim(), context);
}

/** The engine has refused us: what it has against our certificate. */
function describeAlert(alert: string, { endpoint, ownCertificate, expiredOn }: TlsContext): TlsFault {
  if (ownCertificate === null)
    return {
      why: `${endpoint} wants a certificate from us, and there is none (${alert})`,
      hint: 'Name one that its authority has signed: "cert" and "key" of the engine, or cert.pem and key.pem in DOCKER_CERT_PATH.',
    };
  if (expiredOn !== null)
    return {
      why: `${endpoint} refuses our certificate ${ownCertificate}, which expired on ${expiredOn.toISOString().slice(0, 10)}`,
      hint: 'Renew it; it is read again by itself.',
    };
  return {
    why: `${endpoint} refuses our certificate ${ownCertificate} (${alert})`,
    hint: 'It has to be signed by the authority that the engine trusts (its tlscacert), and be made for clients.',
  };
}

function readNames(error: unknown): string {
  const { cert } = error as { cert?: { subjectaltname?: unknown } };
  return typeof cert?.subjectaltname === 'string' ? cert.subjectaltname.slice(0, 200) : '';
}
