// How ssh is called: one connection that forwards a socket of ours to the engine's, with host keys strictly checked and nobody asked. Pure.
import type { SshFiles } from './credential-files.ts';
import type { SshEndpoint } from './endpoint.ts';

/**
 * Runs ssh ("$2" and on), and ends it when our end of its stdin is closed, which happens whatever ends the server. `read` waits for that: it is part
 * of the shell, so that no further process is left. "$1" is the folder of the socket; it goes with ssh. What the shell itself would say ("Killed") nobody
 * may hear any more, and then it would end of saying it.
 */
export const guardScript = `
exec 3<&0 </dev/null
folder=$1
shift
"$@" 3<&- &
ssh=$!
exec 2>/dev/null
(read -r _ <&3; kill -KILL "$ssh") &
guard=$!
exec 3<&-
wait "$ssh"
code=$?
kill -KILL "$guard"
rm -rf "$folder"
exit "$code"
`;

/** Seconds that a connection may take to be made. */
export const connectSeconds = 10;

/** The arguments of ssh. `socket` is where it is to listen here. */
export function composeSshArguments(
  endpoint: SshEndpoint,
  { identity, knownHosts }: SshFiles,
  socket: string,
): string[] {
  const { user, host, port, path } = endpoint;
  const options: Record<string, string> = {
    // Never a question: not for a password, and not whether a host is the right one.
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    UpdateHostKeys: 'no',
    ...(knownHosts !== undefined && { UserKnownHostsFile: quote(knownHosts), GlobalKnownHostsFile: '/dev/null' }),
    ...(identity !== undefined && { IdentityFile: quote(identity), IdentitiesOnly: 'yes' }),
    // This connection is ours alone, and serves for nothing else.
    ControlMaster: 'no',
    ControlPath: 'none',
    ControlPersist: 'no',
    ForkAfterAuthentication: 'no',
    PermitLocalCommand: 'no',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    Tunnel: 'no',
    ExitOnForwardFailure: 'yes',
    StreamLocalBindMask: '0177',
    // A line that died without a word is found out in a quarter of a minute; the engine's own pings tell sooner that it is away.
    ConnectTimeout: String(connectSeconds),
    ServerAliveInterval: '5',
    ServerAliveCountMax: '3',
    TCPKeepAlive: 'yes',
    // Says why a forwarded connection was refused.
    LogLevel: 'INFO',
  };
  return [
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    '-N',
    '-T',
    '-L',
    `${socket}:${path}`,
    ...(user === null ? [] : ['-l', user]),
    ...(port === null ? [] : ['-p', String(port)]),
    '--',
    host,
  ];
}

/** A path as ssh reads it in its options: blanks in quotes, and no percent sign that stands for something. */
function quote(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}

/** What ssh may know of our environment: where programs, keys and the agent are. Its words are wanted in English. */
export function composeSshEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const known = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SSH_AUTH_SOCK', 'XDG_RUNTIME_DIR'];
  return {
    ...Object.fromEntries(known.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
    LC_ALL: 'C',
  };
}
