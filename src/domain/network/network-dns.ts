// The name servers of a network. Docker has none: they are kept in a label, and given to each container that is made on it through us.
import type { NetworkFacts } from '../container/facts.ts';
import { label } from '../labels.ts';

/** The label of a network with these name servers; none where there are none. */
export function dnsLabel(servers: readonly string[]): Record<string, string> {
  return servers.length === 0 ? {} : { [label.dns]: servers.join(',') };
}

/** Only what we made is believed: the label of somebody else's network means nothing here. */
export function networkDns({ labels }: NetworkFacts): readonly string[] {
  const text = labels[label.dns];
  return text === undefined || labels[label.managed] !== 'true' ? [] : text.split(',');
}
