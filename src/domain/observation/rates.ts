// Rates of interfaces from two consecutive samples.
import type { Interface } from '../../schemas/ifconfig.ts';

/**
 * The interfaces of `now` with bytes and packets a second since `before`, `seconds` earlier. 0 where an interface is new, where a counter
 * went back (the interface was made anew under the same name), or without an earlier sample.
 */
export function withRates(now: readonly Interface[], before: readonly Interface[], seconds: number): Interface[] {
  const earlier = new Map(before.map((one) => [one.name, one]));
  return now.map((one) => {
    const last = earlier.get(one.name);
    if (last === undefined || seconds <= 0) return one;
    return {
      ...one,
      rx: { ...one.rx, ...rate(one.rx, last.rx, seconds) },
      tx: { ...one.tx, ...rate(one.tx, last.tx, seconds) },
    };
  });
}

/** No rate is anything but 0. */
export function isAtRest(interfaces: readonly Interface[]): boolean {
  return interfaces.every(({ rx, tx }) =>
    [rx, tx].every(({ bytesPerSecond, packetsPerSecond }) => bytesPerSecond === 0 && packetsPerSecond === 0),
  );
}

interface Counted {
  readonly bytes: number;
  readonly packets: number;
}

function rate(now: Counted, before: Counted, seconds: number): { bytesPerSecond: number; packetsPerSecond: number } {
  return {
    bytesPerSecond: Math.max(0, Math.round((now.bytes - before.bytes) / seconds)),
    packetsPerSecond: Math.max(0, Math.round((now.packets - before.packets) / seconds)),
  };
}
