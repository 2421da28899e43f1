// A client beyond the host of a private engine: a network namespace of its own, joined to the engine's by a cable (veth). And connections made from there,
// from the host or from a container by Perl, which shares nothing with what is tested.
import { spawn } from 'node:child_process';
import { defer } from './defer.ts';
import { type Cleanup, type CommandResult, runCommand } from './engine.ts';
import type { PrivateEngine } from './private-engine.ts';

/** What became of a connection. `closed`: it was accepted, and closed within a moment without a byte. */
export type RealResult = 'open' | 'closed' | 'refused' | 'timeout' | 'unreachable' | `other: ${string}`;

/** From where a connection is made: how to get into the namespace. */
export type Place = readonly string[];

export interface OutsideClient {
  readonly place: Place;
  readonly address: string;
  readonly address6: string;
  /** Addresses of the host on the cable. */
  readonly host: string;
  readonly host6: string;
}

/** Documentation addresses (RFC 5737, 3849): they exist nowhere else. */
const ends = {
  client: '203.0.113.2',
  client6: '2001:db8:77::2',
  host: '203.0.113.1',
  host6: '2001:db8:77::1',
} as const;

/** Plugs the cable, and makes it each side's way to everywhere. It goes with the client's namespace, after the test. */
export async function plugOutsideClient(cleanup: Cleanup, engine: PrivateEngine): Promise<OutsideClient> {
  const holder = spawn('unshare', ['--net', '--', 'sh', '-c', 'echo ready; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  defer(cleanup, async () => {
    holder.stdin.end();
    await ended;
  });
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject);
    holder.stdout.once('data', () => resolve());
    void ended.then(() => reject(new Error('the namespace of a client cannot be made')));
  });
  const client = enter(holder.pid ?? 0);
  const host = hostPlace(engine);
  await must(host, `ip link add cable0 type veth peer name eth0 netns ${holder.pid}`);
  for (const [place, device, own, own6, other, other6] of [
    [host, 'cable0', ends.host, ends.host6, ends.client, ends.client6],
    [client, 'eth0', ends.client, ends.client6, ends.host, ends.host6],
  ] as const) {
    await must(place, 'ip link set lo up');
    await must(place, `ip address add ${own}/24 dev ${device}`);
    await must(place, `ip address add ${own6}/64 dev ${device} nodad`);
    await must(place, `ip link set ${device} up`);
    await must(place, `ip route add default via ${other}`);
    await must(place, `ip -6 route add default via ${other6}`);
  }
  return { place: client, address: ends.client, address6: ends.client6, host: ends.host, host6: ends.host6 };
}

function enter(pid: number): Place {
  return ['nsenter', '--target', String(pid), '--net', '--'];
}

/** The host of a private engine. */
export function hostPlace({ pid }: PrivateEngine): Place {
  return enter(pid);
}

/** A container of a private engine. */
export async function containerPlace(engine: PrivateEngine, container: string): Promise<Place> {
  const { stdout } = await engine.docker('inspect', '--format', '{{.State.Pid}}', container);
  return ['nsenter', '--target', String(engine.pid), '--pid', '--mount', '--', ...enter(Number(stdout))];
}

/** Runs a command (words without blanks in them) in a place. */
export function runIn(place: Place, command: string): Promise<CommandResult> {
  const [program = '', ...args] = [...place, ...command.split(' ')];
  return runCommand(program, args);
}

/** The same for one that has to succeed; answers what it prints. */
export async function must(place: Place, command: string): Promise<string> {
  const { code, stdout, stderr } = await runIn(place, command);
  if (code !== 0) throw new Error(`${command}: ${stderr.trim()}`);
  return stdout;
}

const connector = `
use strict; use Socket; use IO::Socket::IP; use IO::Select;
my ($address, $port, $timeout) = @ARGV;
my $socket = IO::Socket::IP->new(PeerHost => $address, PeerPort => $port, GetAddrInfoFlags => 0,
  Type => SOCK_STREAM, Timeout => $timeout);
if (!$socket) {
  my $number = $!;
  print $!{ECONNREFUSED} ? 'refused' : $!{ETIMEDOUT} || $!{EINPROGRESS} ? 'timeout'
    : $!{EHOSTUNREACH} || $!{ENETUNREACH} ? 'unreachable' : "other: $number";
  exit;
}
my $isReadable = IO::Select->new($socket)->can_read(0.7);
print $isReadable && !sysread($socket, my $byte, 1) ? 'closed' : 'open';
`;

/** Connects from a place. `seconds`: after which nothing heard is a timeout. */
export async function connectFrom(
  place: Place,
  { address, port, seconds = 5 }: { address: string; port: number; seconds?: number },
): Promise<RealResult> {
  const [program = '', ...args] = [...place, 'perl', '-e', connector, address, String(port), String(seconds)];
  const { code, stdout, stderr } = await runCommand(program, args);
  if (code !== 0) throw new Error(`connecting to ${address}:${port}: ${stderr.trim()}`);
  return stdout as RealResult;
}

const udpEcho = `
use strict; use Socket; use IO::Socket::IP;
my $socket = IO::Socket::IP->new(LocalHost => '0.0.0.0', LocalPort => $ARGV[0], Type => SOCK_DGRAM) or die $@;
$| = 1; print "ready\\n";
while (defined(my $from = $socket->recv(my $text, 1500))) { $socket->send($text, 0, $from) }
`;

/** Answers on a UDP port of a place, until the test ends. */
export async function echoUdp(cleanup: Cleanup, place: Place, port: number): Promise<void> {
  const [program = '', ...args] = [...place, 'perl', '-e', udpEcho, String(port)];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  defer(cleanup, async () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await ended;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    void ended.then(() => reject(new Error('nobody answers over UDP')));
  });
}

const udpAsker = `
use strict; use Socket; use IO::Socket::IP; use IO::Select;
my $socket = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1], Type => SOCK_DGRAM) or die $@;
$socket->send('hello');
my $isAnswered = IO::Select->new($socket)->can_read(2) && defined $socket->recv(my $text, 1500);
print $isAnswered ? 'answered' : 'silent';
`;

/** Sends one datagram from a place: does an answer come? */
export async function askUdp(place: Place, { address, port }: { address: string; port: number }): Promise<string> {
  const [program = '', ...args] = [...place, 'perl', '-e', udpAsker, address, String(port)];
  return (await runCommand(program, args)).stdout;
}
