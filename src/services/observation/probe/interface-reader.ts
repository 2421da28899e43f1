// Knows the interfaces of one namespace: derived from what the engine did and what the probe may read, where nobody inside can have changed them; shown by
// the real program in a helper where somebody can, or where the two do not fit together.
import { parseArp } from '../../../domain/observation/arp.ts';
import { renderIfconfig } from '../../../domain/observation/ifconfig-text.ts';
import {
  deriveInterfaces,
  type InterfaceDesign,
  withCounters,
} from '../../../domain/observation/interface-derivation.ts';
import { parseNetDev } from '../../../domain/observation/net-dev.ts';
import {
  type InterfaceFile,
  type InterfacesFinding,
  interfacesWord,
  maxFileLength,
  readInterfacesFinding,
} from '../../../domain/observation/probe-protocol.ts';
import type { InterfacesReading } from '../../../domain/observation/reading.ts';
import { parseIpv4Routes, parseIpv6Routes } from '../../../domain/observation/routes.ts';
import type { WiredDevice, Wiring } from '../../../domain/observation/wiring.ts';
import { Failure } from '../../../schemas/failure.ts';
import type { Resolver } from '../../../schemas/ifconfig.ts';
import type { Lookout } from '../lookout.ts';

export interface InterfaceReaderOptions {
  /** Names the target to the probe. */
  readonly key: number;
  /** Asks the probe one word about the target. */
  ask(word: string): Promise<ReadonlyMap<string, string>>;
  /** What the engine says now. */
  wiring(): Wiring;
  readResolver(): Promise<Resolver>;
  /** Opens a helper in the namespace. */
  openHelper(): Promise<Lookout>;
}

/** What is known, and since when it is known to be so: milliseconds of the monotonic clock. */
export interface InterfacesKnown {
  readonly reading: InterfacesReading;
  readonly asOf: number;
}

/** Milliseconds. */
const timing = {
  /** A neighbour can be forgotten with no witness moving: files are read again after this where there is one. */
  neighbours: 1_000,
  /** Files, and what the program shows, are looked at again after this in any case. */
  anyway: 60_000,
  /** Two looks by the program are not closer, unless somebody waits for one. */
  programGap: 1_000,
  /** The program is asked again after this where a neighbour can be forgotten. */
  programNeighbours: 5_000,
  /** Whoever is inside may write a resolv.conf at any time; it is read again after this if anything happened. */
  resolver: 60_000,
  /** The helper is kept so long after its last look. */
  helperGrace: 20_000,
} as const;

/** What was derived, and from what. */
interface Derived {
  readonly devices: string;
  readonly designs: readonly InterfaceDesign[];
  readonly resolver: Resolver;
  readonly reading: InterfacesReading;
}

interface Shown {
  readonly reading: InterfacesReading;
  readonly at: number;
}

export class InterfaceReader {
  readonly #options: InterfaceReaderOptions;
  readonly #files = new Map<InterfaceFile, string>();
  #filesAt = Number.NEGATIVE_INFINITY;
  #derived: Derived | undefined;
  #resolver: { readonly value: Resolver; readonly at: number; readonly devices: string } | undefined;
  #shown: Shown | undefined;
  /** Something may have happened since the program last looked. */
  #isShownStale = true;
  #helper: Promise<Lookout> | undefined;
  #helperTimer: NodeJS.Timeout | undefined;

  constructor(options: InterfaceReaderOptions) {
    this.#options = options;
  }

  /** One look. `urgent`: somebody waits for it, so that it is not older than the question. Fails as asking the probe or a helper does. */
  async read(urgent: boolean): Promise<InterfacesKnown> {
    const { devices, isChangeable } = this.#options.wiring();
    if (!isChangeable && devices !== null) {
      const derived = await this.#derive(devices);
      if (derived !== null) return derived;
    } else this.#note(await this.#ask('told'));
    return this.#show(urgent);
  }

  /** Lets the helper go, if there is one; resolves when it is gone. */
  async dispose(): Promise<void> {
    clearTimeout(this.#helperTimer);
    const helper = this.#helper;
    this.#helper = undefined;
    await helper?.then((one) => one.dispose()).catch(() => {});
  }

  async #derive(devices: readonly WiredDevice[]): Promise<InterfacesKnown | null> {
    const at = performance.now();
    const finding = await this.#ask(this.#areFilesDue(at) ? 'forced' : 'moved');
    this.#note(finding);
    if (finding.read) this.#filesAt = at;
    for (const [name, text] of finding.files) this.#files.set(name, text);
    const spelled = JSON.stringify(devices);
    const resolver = await this.#resolve(finding.moved, spelled);
    const last = this.#derived;
    if (last !== undefined && finding.files.size === 0 && last.devices === spelled && last.resolver === resolver)
      return { reading: last.reading, asOf: at };
    const isSameDesign = last?.devices === spelled && [...finding.files.keys()].every((name) => name === 'dev');
    const designs = isSameDesign ? last.designs : this.#design(devices);
    this.#derived =
      designs === null ? undefined : { devices: spelled, designs, resolver, reading: this.#compose(designs, resolver) };
    return this.#derived === undefined ? null : { reading: this.#derived.reading, asOf: at };
  }

  async #ask(how: 'told' | 'moved' | 'forced'): Promise<Extract<InterfacesFinding, { kind: 'seen' }>> {
    const { key, ask } = this.#options;
    const finding = readInterfacesFinding(await ask(interfacesWord({ key, how })), key);
    if (finding.kind === 'gone')
      throw new Failure('container_not_running', 'The process whose namespace this was has ended');
    return finding;
  }

  #note({ moved }: { readonly moved: boolean }): void {
    this.#isShownStale ||= moved;
  }

  #areFilesDue(at: number): boolean {
    const age = at - this.#filesAt;
    return age >= timing.anyway || (age >= timing.neighbours && (this.#derived?.reading.neighbours.length ?? 0) > 0);
  }

  #file(name: InterfaceFile): string {
    return this.#files.get(name) ?? '';
  }

  #design(devices: readonly WiredDevice[]): InterfaceDesign[] | null {
    const names = parseNetDev(this.#file('dev')).map(({ name }) => name);
    return deriveInterfaces(names, devices, {
      if_inet6: this.#file('if_inet6'),
      route: this.#file('route'),
      fib_trie: this.#file('fib_trie'),
    });
  }

  #compose(designs: readonly InterfaceDesign[], dns: Resolver): InterfacesReading {
    const interfaces = withCounters(designs, parseNetDev(this.#file('dev')));
    return {
      interfaces,
      routes: [...parseIpv4Routes(this.#file('route')), ...parseIpv6Routes(this.#file('ipv6_route'))],
      neighbours: parseArp(this.#file('arp')),
      dns,
      truncated: [...this.#files.values()].some((text) => text.length >= maxFileLength),
      text: (options) => renderIfconfig(interfaces, options),
    };
  }

  /** The engine writes the file when it connects the container; whoever is inside may do so at any time. */
  async #resolve(moved: boolean, devices: string): Promise<Resolver> {
    const now = performance.now();
    const last = this.#resolver;
    const isOld = last !== undefined && moved && now - last.at >= timing.resolver;
    if (last !== undefined && !isOld && last.devices === devices) return last.value;
    const read = await this.#options.readResolver();
    const value = last !== undefined && JSON.stringify(last.value) === JSON.stringify(read) ? last.value : read;
    this.#resolver = { value, at: now, devices };
    return value;
  }

  /** What the real program shows: looked at again when something may have happened, and not all the time. */
  async #show(urgent: boolean): Promise<InterfacesKnown> {
    const at = performance.now();
    const last = this.#shown;
    if (last !== undefined && !this.#isProgramDue(last, at - last.at, urgent)) {
      const isCertain = !this.#isShownStale && last.reading.neighbours.length === 0;
      return { reading: last.reading, asOf: isCertain ? at : last.at };
    }
    this.#isShownStale = false;
    try {
      const reading = await this.#lookByHelper(urgent);
      this.#shown = { reading, at };
      return { reading, asOf: at };
    } catch (error) {
      this.#isShownStale = true;
      throw error;
    }
  }

  #isProgramDue({ reading }: Shown, age: number, urgent: boolean): boolean {
    if (this.#isShownStale) return urgent || age >= timing.programGap;
    return age >= (reading.neighbours.length > 0 ? timing.programNeighbours : timing.anyway);
  }

  async #lookByHelper(urgent: boolean): Promise<InterfacesReading> {
    clearTimeout(this.#helperTimer);
    this.#helper ??= this.#options.openHelper();
    try {
      const { reading } = await (await this.#helper).look(['interfaces'], urgent);
      if (reading.interfaces === undefined) throw new Failure('internal', 'A helper did not answer what it was asked');
      return reading.interfaces;
    } finally {
      clearTimeout(this.#helperTimer);
      this.#helperTimer = setTimeout(() => void this.dispose(), timing.helperGrace).unref();
    }
  }
}
