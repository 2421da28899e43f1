// Reads what the rules helper lists of /proc/sys/net into the settings of the host that decide about packets.
import type { HostSettings } from '../reachability/world.ts';

/**
 * @param listing a line `PATH VALUE` a file, the path without /proc/sys/net/; a file that is not there has no line
 * @param links names of all interfaces of the host: what is set for `all` holds for each
 */
export function parseHostSettings(listing: string, links: readonly string[]): HostSettings {
  const values = new Map<string, string>();
  for (const [, path = '', value = ''] of listing.matchAll(/^(\S+) (\S*)$/gm)) values.set(path, value);
  const isOn = (path: string) => Number(values.get(path) ?? 0) > 0;
  const routesLocalnet = (name: string) => isOn(`ipv4/conf/${name}/route_localnet`);
  return {
    forwarding: { ipv4: isOn('ipv4/ip_forward'), ipv6: isOn('ipv6/conf/all/forwarding') },
    bridgedPacketsMeetRules: {
      ipv4: isOn('bridge/bridge-nf-call-iptables'),
      ipv6: isOn('bridge/bridge-nf-call-ip6tables'),
    },
    routeLocalnet: new Set(routesLocalnet('all') ? links : links.filter(routesLocalnet)),
  };
}
