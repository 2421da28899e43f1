// Looks up the name of an engine's host, one question at a time. Node asks on one of four threads that everything in the process shares, and a name
// server that is away holds it for many seconds: one engine's lookups must never take them all.
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** A lookup for the connections to one engine: who asks while a question is under way, gets its answer. */
export function shareLookup(): LookupFunction {
  const underWay = new Map<string, Promise<LookupAddress[]>>();
  const ask = (host: string, options: LookupOptions): Promise<LookupAddress[]> => {
    const key = `${options.family ?? 0} ${host}`;
    const asked = underWay.get(key);
    if (asked !== undefined) return asked;
    const answer = new Promise<LookupAddress[]>((resolve, reject) => {
      lookup(host, { ...options, all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
    }).finally(() => underWay.delete(key));
    underWay.set(key, answer);
    return answer;
  };
  return (host, options, callback) => {
    ask(host, options).then(
      (addresses) => {
        if (options.all) callback(null, addresses);
        else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}
