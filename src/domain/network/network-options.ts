// Docker's names for the options of a network that daemon.json calls mtu, icc and ip-masq, and how it reads them.
import type { NetworkFacts } from '../container/facts.ts';

export const networkOption = {
  mtu: 'com.docker.network.driver.mtu',
  icc: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  bridge: 'com.docker.network.bridge.name',
  encrypted: 'encrypted',
} as const;

/** What Go's strconv.ParseBool takes for false. */
const falsehoods = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** A switch that is on where nothing is said. */
export function isOn(option: string | undefined): boolean {
  return option === undefined || !falsehoods.has(option);
}

/** The overlay driver looks for the option's name, and for its value only where that says no. */
export function isEncrypted({ options }: Pick<NetworkFacts, 'options'>): boolean {
  const value = options[networkOption.encrypted];
  return value !== undefined && !falsehoods.has(value);
}

const defaultMtu = 1500;
/** What the headers of VXLAN take, and those of ESP where it is encrypted (drivers/overlay/encryption.go). */
const tunnelBytes = 50;
const encryptionBytes = 26;

/** The MTU that the driver gives its interfaces; null where it decides by itself. Of an overlay the option is of what carries it. */
export function networkMtu({ driver, options }: NetworkFacts): number | null {
  const option = Number(options[networkOption.mtu]);
  const asked = Number.isInteger(option) && option > 0 ? option : null;
  if (driver !== 'overlay') return asked ?? (driver === 'bridge' ? defaultMtu : null);
  const carried = (asked ?? defaultMtu) - tunnelBytes;
  if (!isEncrypted({ options })) return carried;
  const left = carried - encryptionBytes;
  return left - (left % 4);
}

/** The option for an overlay whose interfaces are to have this MTU. */
export function overlayMtuOption(mtu: number, encrypted: boolean): number {
  return mtu + tunnelBytes + (encrypted ? encryptionBytes : 0);
}
