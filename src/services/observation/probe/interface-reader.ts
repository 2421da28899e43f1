// Knows the interfaces of one namespace: derived from what the engine did and what the probe may read, where nobody inside can have changed them; shown by
// the real program in a helper where somebody can, or where the two do not fit together.
import { isDeepStrictEqual } from 'node:util';
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
  interfacesWord,
  maxFileLength,
  type ProbeAnswer,
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
  /** What the engine says now: the same object while it says the same. */
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
  /** Engine and kernel may tell of different devices for so long before the program is asked. */
  halfKnown: 1_000,
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
  readonly devices: readonly WiredDevice[];
  readonly designs: readonly InterfaceDesign[];
  readonly resolver: Resolver;
  readonly reading: InterfacesReading;
  asOf: number;
}

interface Shown {
  readonly reading: InterfacesReading;
  readonly at: number;
}

export function processGone(): Failure {
  return new Failure('container_not_running', 'The process whose namespace this was has ended');
}

export class InterfaceReader {
  readonly #options: InterfaceReaderOptions;
  readonly #files = new Map<InterfaceFile, string>();
  #filesAt = Number.NEGATIVE_INFINITY;
  #derived: Derived | undefined;
  #resolver: { readonly value: Resolver; readonly at: number; readonly devices: readonly WiredDevice[] } | undefined;
  #shown: Shown | undefined;
  /** Something may have happened since the program last looked. */
  #isShownStale = true;
  #helper: Promise<Lookout> | undefined;
  #helperTimer: NodeJS.Timeout | undefined;

  constructor(options: InterfaceReaderOptions) {
    this.#options = options;
  }

  /** What the probe has to be asked first. `at` is on the monotonic clock. */
  word(at: number): string {
    const { key } = this.#options;
    if (!this.#isDerivable()) return interfacesWord({ key, how: 'told' });
    return interfacesWord({ key, how: this.#areFilesDue(at) ? 'forced' : 'moved' });
  }

  /**
   * Makes of the probe's answer what is known. `at`: when it was asked. `urgent`: somebody waits for it, so that it is not older than the question.
   * Fails as the engine or a helper does.
   */
  read(
    answer: ProbeAnswer,
    { at, urgent }: { readonly at: number; readonly urgent: boolean },
  ): InterfacesKnown | Promise<InterfacesKnown> {
    const finding = readInterfacesFinding(answer);
    if (finding.kind === 'gone') throw processGone();
    this.#isShownStale ||= finding.moved;
    // What moved is told once: files that were not read then are read with the next word that may.
    if (finding.moved && !finding.read) this.#filesAt = Number.NEGATIVE_INFINITY;
    const { devices } = this.#options.wiring();
    if (devices === null || !this.#isDerivable()) return this.#show(urgent);
    if (finding.read) this.#filesAt = at;
    for (const [name, text] of finding.files) this.#files.set(name, text);
    const last = this.#derived;
    const isSame = last !== undefined && last.devices === devices && finding.files.size === 0;
    if (isSame && !this.#isResolverOld(finding.moved, devices)) return this.#confirm(last, at);
    return this.#derive(devices, { at, urgent, moved: finding.moved, names: [...finding.files.keys()] });
  }

  /** Lets the helper go, if there is one; resolves when it is gone. */
  async dispose(): Promise<void> {
    clearTimeout(this.#helperTimer);
    const helper = this.#helper;
    this.#helper = undefined;
    await helper?.then((one) => one.dispose()).catch(() => {});
  }

  #isDerivable(): boolean {
    const { devices, isChangeable } = this.#options.wiring();
    return devices !== null && !isChangeable;
  }

  async #derive(
    devices: readonly WiredDevice[],
    { at, urgent, moved, names }: { at: number; urgent: boolean; moved: boolean; names: readonly InterfaceFile[] },
  ): Promise<InterfacesKnown> {
    const resolver = await this.#resolve(moved, devices);
    const last = this.#derived;
    const isSameDesign = last?.devices === devices && names.every((name) => name === 'dev');
    if (isSameDesign && names.length === 0 && last.resolver === resolver) return this.#confirm(last, at);
    const designs = isSameDesign ? last.designs : this.#design(devices);
    if (designs === null) {
      // The engine has changed something, and we know one half of it: the other is about to come.
      if (last !== undefined && !urgent && at - last.asOf < timing.halfKnown)
        return { reading: last.reading, asOf: last.asOf };
      this.#derived = undefined;
      return this.#show(urgent);
    }
    const reading = this.#compose(designs, resolver);
    this.#derived = { devices, designs, resolver, reading, asOf: at };
    return { reading, asOf: at };
  }

  #confirm(derived: Derived, at: number): InterfacesKnown {
    derived.asOf = at;
    return derived;
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
  #isResolverOld(moved: boolean, devices: readonly WiredDevice[]): boolean {
    const last = this.#resolver;
    if (last === undefined || last.devices !== devices) return true;
    return moved && performance.now() - last.at >= timing.resolver;
  }

  async #resolve(moved: boolean, devices: readonly WiredDevice[]): Promise<Resolver> {
    const last = this.#resolver;
    if (last !== undefined && !this.#isResolverOld(moved, devices)) return last.value;
    const read = await this.#options.readResolver();
    const value = last !== undefined && isDeepStrictEqual(last.value, read) ? last.value : read;
    this.#resolver = { value, at: performance.now(), devices };
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
