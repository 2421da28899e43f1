// Finds docker-proxies among processes, by their command lines. Anybody may name a process so: one counts that root runs outside of every container.
import type { Protocol } from '../../schemas/container.ts';
import { protocols } from '../../schemas/container.ts';
import type { PortProxy } from '../reachability/world.ts';

/** @param listing what `head /proc/PID/cmdline /proc/PID/status …` prints: each file below a `==> FILE <==` line */
export function parsePortProxies(listing: string): PortProxy[] {
  const files = new Map<string, string>();
  for (const piece of listing.split(/^==> /m).slice(1)) {
    const [, name, text] = /^\/proc\/(\d+\/\w+) <==\n([\s\S]*)$/.exec(piece) ?? [];
    if (name !== undefined && text !== undefined) files.set(name, text);
  }
  const proxies: PortProxy[] = [];
  for (const [name, text] of files) {
    const [pid, file] = name.split('/');
    if (file !== 'cmdline' || !isRootOutside(files.get(`${pid}/status`) ?? '')) continue;
    const proxy = readCommand(Number(pid), text.trimEnd().split('\0'));
    if (proxy !== undefined) proxies.push(proxy);
  }
  return proxies;
}

/** A process of a container has a number there too. */
function isRootOutside(status: string): boolean {
  return /^Uid:\t0\t0\t0\t0$/m.test(status) && /^NSpid:\t\d+$/m.test(status);
}

/** `docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80` */
function readCommand(pid: number, [program = '', ...args]: readonly string[]): PortProxy | undefined {
  if (program.split('/').at(-1) !== 'docker-proxy') return undefined;
  const read = (option: string) => args[args.indexOf(option) + 1] ?? '';
  const protocol: Protocol | undefined = protocols.find((one) => one === read('-proto'));
  const proxy = {
    hostIp: read('-host-ip'),
    hostPort: Number(read('-host-port')),
    containerIp: read('-container-ip'),
    containerPort: Number(read('-container-port')),
  };
  if (protocol === undefined || !(proxy.hostPort > 0 && proxy.containerPort > 0)) return undefined;
  return { pid, protocol, ...proxy };
}
