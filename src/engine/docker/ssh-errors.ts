// What ssh says when it ends, or refuses a forwarded connection, in words that name the culprit and the way out. Pure.
import type { SshEndpoint } from './endpoint.ts';

export interface SshFault {
  /** The end of "The engine NAME is away: …". */
  readonly why: string;
  readonly hint: string;
  /** Somebody has to do something about it: asking again soon is of no use, and may be taken for an attack. */
  readonly isLasting: boolean;
}

interface Rule {
  readonly pattern: RegExp;
  readonly why: (place: Place, match: RegExpExecArray) => string;
  readonly hint: (place: Place, match: RegExpExecArray) => string;
  readonly isLasting?: boolean;
}

interface Place {
  readonly host: string;
  /** As ssh-keyscan and ssh take it: ` -p 2222`, or nothing. */
  readonly port: string;
  readonly login: string;
  readonly socket: string;
  /** The file that is asked, or what ssh asks by itself. */
  readonly knownHosts: string;
}

/** First match wins. */
const rules: readonly Rule[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|DNS SPOOFING/,
    why: ({ host, knownHosts }) =>
      `the host key of ${host} is another one than ${knownHosts} has: somebody may be listening in`,
    hint: ({ knownHosts }) =>
      `Find out why the key has changed; if it is right, put the new one in the place of the old in ${knownHosts}.`,
    isLasting: true,
  },
  {
    pattern: /host key .* (?:was )?revoked|REVOKED/i,
    why: ({ host }) => `the host key of ${host} is revoked`,
    hint: () => 'Give the host a new key.',
    isLasting: true,
  },
  {
    pattern: /host key is known for|Host key verification failed/,
    why: ({ host, knownHosts }) => `the host key of ${host} is not in ${knownHosts}`,
    hint: ({ host, port, knownHosts }) =>
      `ssh-keyscan${port} ${host} prints it: compare it with the one of the host, and add it to ${knownHosts}.`,
    isLasting: true,
  },
  {
    pattern: /UNPROTECTED PRIVATE KEY FILE[\s\S]*?Permissions [0-7]+ for '([^']*)'/,
    why: (_, [, file]) => `others may read the private key in ${file}, and so ssh does not use it`,
    hint: (_, [, file]) => `chmod 600 ${file}`,
    isLasting: true,
  },
  {
    pattern: /Load key "([^"]*)": (incorrect passphrase|error in libcrypto|invalid format)/i,
    why: (_, [, file, words]) => `the private key in ${file} cannot be used (${words})`,
    hint: () => 'It has to be a private key without a passphrase, or one that an agent holds (SSH_AUTH_SOCK).',
    isLasting: true,
  },
  {
    pattern: /Permission denied(?: \(([^)]*)\))?|Too many authentication failures/,
    why: ({ login }, [, methods]) =>
      `ssh may not log in as ${login}${methods === undefined ? '' : ` (it takes ${methods})`}`,
    hint: ({ login }) =>
      `Add the public key to ~/.ssh/authorized_keys of ${login}, and name the private one ("identity", without a passphrase or held by an agent).`,
    isLasting: true,
  },
  {
    pattern: /Connection refused/,
    why: ({ host, port }) =>
      `nothing listens for ssh on ${host}${port === '' ? '' : ` port${port.replace(' -p', '')}`}`,
    hint: () => 'Start sshd there, or check the port in the endpoint.',
  },
  {
    pattern: /Could not resolve hostname|Name or service not known/,
    why: ({ host }) => `the host ${host} cannot be resolved`,
    hint: () => 'Check the name in the endpoint.',
  },
  {
    pattern: /timed out|No route to host|Network is unreachable|Host is down/i,
    why: ({ host }) => `${host} cannot be reached by ssh`,
    hint: () => 'Check the address, the network and the firewall between.',
  },
  {
    pattern:
      /not responding|Broken pipe|Connection reset|closed by remote host|Connection closed|kex_exchange_identification|banner/i,
    why: ({ host }) => `${host} has cut the connection of ssh, or what answers there is no sshd`,
    hint: () => 'Look at the log of sshd there.',
  },
  {
    pattern: /Bad configuration option|command-line: line|unknown option/i,
    why: () => 'the ssh of this machine is too old, or its configuration is wrong',
    hint: () => 'OpenSSH 8.7 or newer is needed; `ssh -G HOST` tells what it makes of its configuration.',
    isLasting: true,
  },
];

/** What it means that ssh has ended. `knownHosts` is the file that was named, if one was. */
export function describeSshEnd(output: string, endpoint: SshEndpoint, knownHosts: string | undefined): SshFault {
  const place = describePlace(endpoint, knownHosts);
  for (const { pattern, why, hint, isLasting = false } of rules) {
    const match = pattern.exec(output);
    if (match !== null) return { why: why(place, match), hint: hint(place, match), isLasting };
  }
  const [last] = output.trim().split('\n').slice(-1);
  return {
    why:
      last === undefined || last === ''
        ? `ssh to ${place.host} has ended`
        : `ssh to ${place.host}: ${last.slice(0, 300)}`,
    hint: `Try it by hand: ssh${place.port} ${place.login}@${place.host}`,
    isLasting: false,
  };
}

/** A forwarded connection that the other side refused; undefined where `line` tells of none. */
export function describeRefusedChannel(line: string, endpoint: SshEndpoint): SshFault | undefined {
  if (!/channel \d+: open failed: /.test(line)) return undefined;
  const { host, login, socket } = describePlace(endpoint, undefined);
  return {
    // The other side gives one answer to all of these.
    why: `ssh reaches ${host}, but not the Docker Engine there: ${socket} is missing, nobody listens on it, ${login} may not use it, or sshd forwards no sockets`,
    hint: `Start the engine there and let ${login} be a member of its group (usually "docker"), name its socket if it is another one (ssh://${login}@${host}/path/to/docker.sock), and allow AllowStreamLocalForwarding in sshd_config.`,
    isLasting: false,
  };
}

function describePlace(endpoint: SshEndpoint, knownHosts: string | undefined): Place {
  return {
    host: endpoint.host,
    port: endpoint.port === null ? '' : ` -p ${endpoint.port}`,
    login: endpoint.user ?? 'the user of this server',
    socket: endpoint.path,
    knownHosts: knownHosts ?? 'the known hosts of this user',
  };
}
