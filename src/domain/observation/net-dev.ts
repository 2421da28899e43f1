// Reads the counters of /proc/net/dev: two lines of heading, then `  eth0: ` and sixteen numbers a device.

/** The counters of one device since it was made. Field by field what the file holds (net/core/net-procfs.c). */
export interface DeviceCounters {
  readonly name: string;
  readonly rx: Direction & { readonly frame: number };
  readonly tx: Direction & { readonly collisions: number; readonly carrier: number };
}

interface Direction {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
  readonly overruns: number;
}

/** The devices in the order of the file. A name may hold a colon; the numbers begin after the last one. */
export function parseNetDev(text: string): DeviceCounters[] {
  return text
    .split('\n')
    .slice(2)
    .flatMap((line) => {
      const [, name, numbers] = /^\s*(\S+):\s*([\d\s]+)$/.exec(line) ?? [];
      if (name === undefined || numbers === undefined) return [];
      const fields = numbers.trim().split(/\s+/).map(Number);
      const at = (index: number) => fields[index] ?? 0;
      return [
        {
          name,
          rx: { bytes: at(0), packets: at(1), errors: at(2), dropped: at(3), overruns: at(4), frame: at(5) },
          tx: {
            bytes: at(8),
            packets: at(9),
            errors: at(10),
            dropped: at(11),
            overruns: at(12),
            collisions: at(13),
            carrier: at(14),
          },
        },
      ];
    });
}

/** In the order of busybox's ifconfig: by the bytes of the name. */
export function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
}
