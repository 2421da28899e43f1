// Looks into one namespace by the engine's probe: decides when the socket tables have to be read although no witness moved, keeps what was last read,
// and prints it as netstat does. What it knows of interfaces is interface-reader.ts.
import { isDeepStrictEqual } from 'node:util';
import type { HelperWord } from '../../../domain/observation/helper-output.ts';
import { helperLimits } from '../../../domain/observation/helper-output.ts';
import { renderNetstat } from '../../../domain/observation/netstat-text.ts';
import {
  inodeWord,
  interfacesWord,
  lookWord,
  type ProbeAnswer,
  type ProbeTarget,
  readFinding,
  readInode,
  readInterfacesFinding,
} from '../../../domain/observation/probe-protocol.ts';
import { parseSocketTables, type SocketTables } from '../../../domain/observation/socket-tables.ts';
import { findRereadReason, judgeRestlessness, type Restlessness } from '../../../domain/observation/staleness.ts';
import type { Wiring } from '../../../domain/observation/wiring.ts';
import { Failure } from '../../../schemas/failure.ts';
import type { Resolver } from '../../../schemas/ifconfig.ts';
import type { Look, Lookout } from '../lookout.ts';
import { InterfaceReader, processGone } from './interface-reader.ts';
import type { Probe } from './probe.ts';
import type { ProbeMeter } from './probe-meter.ts';

export interface ProbeLookoutOptions {
  /** The one for everybody, and the one for namespaces so large that others would wait for them. */
  readonly probes: { readonly common: Probe; readonly giants: Probe };
  readonly meter: ProbeMeter;
  /** Who the target is now, and null when nobody runs in the namespace. Its members come and go. */
  target(): ProbeTarget | null;
  /** Last part of the engine's SandboxKey; empty where there is none. */
  readonly sandbox: string;
  /** How the engine says that it is connected. */
  wiring(): Wiring;
  /** Its resolv.conf. */
  readResolver(): Promise<Resolver>;
  /** Opens a helper in the namespace. */
  openHelper(): Promise<Lookout>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Sockets from which on a namespace is a giant. */
const giantSockets = 4_000;

/** The tables as they were last read. Times are of the monotonic clock, in milliseconds. */
interface Known {
  readonly tables: SocketTables;
  readonly restlessness: Restlessness;
  readAt: number;
  /** They were so at this time: no witness had moved since they were read, and no timer can have ended a row. */
  asOf: number;
  readonly texts: Map<string, string>;
}

/** A look at the tables that is to be made. */
interface ReadPlan {
  readonly at: number;
  readonly last: Known | undefined;
  readonly reason: 'first' | ReturnType<typeof findRereadReason>;
  readonly word: string;
}

const noTexts: ReadonlyMap<string, string> = new Map();

let keys = 0;

/** Opens a lookout: the probe is started where it does not run. Fails as that does, and with `container_not_running`. */
export async function lookByProbe(options: ProbeLookoutOptions): Promise<ProbeLookout> {
  const lookout = new ProbeLookout(options);
  try {
    await lookout.open();
    return lookout;
  } catch (error) {
    await lookout.dispose();
    throw error;
  }
}

export class ProbeLookout implements Lookout {
  readonly #options: ProbeLookoutOptions;
  readonly #key: number;
  #probe: Probe;
  #inode: number | null = null;
  #known: Known | undefined;
  readonly #interfaces: InterfaceReader;

  constructor(options: ProbeLookoutOptions) {
    this.#options = options;
    keys += 1;
    this.#key = keys;
    this.#interfaces = new InterfaceReader({ ...options, key: this.#key });
    this.#probe = options.probes.common;
    this.#probe.enter(this.#key);
    options.meter.enter(this.#key, () => this.#known?.asOf ?? null);
  }

  get inode(): number | null {
    return this.#inode;
  }

  async open(): Promise<void> {
    const { sandbox } = this.#options;
    const isThere = interfacesWord({ key: this.#key, how: 'told' });
    const answer = await this.#ask([isThere, inodeWord(this.#key, sandbox === '' ? '-' : sandbox)], 0);
    if (readInterfacesFinding(answer).kind === 'gone') throw processGone();
    this.#inode = readInode(answer);
  }

  async look(words: readonly HelperWord[], urgent: boolean): Promise<Look> {
    const at = performance.now();
    const asked = this.#options.now();
    const plan = words.some((word) => word !== 'interfaces') ? this.#planRead(at, urgent) : null;
    const isAboutInterfaces = words.includes('interfaces');
    const questions = plan === null ? [] : [plan.word];
    if (isAboutInterfaces) questions.push(this.#interfaces.word(at));
    const answer = await this.#ask(questions, plan?.last?.asOf ?? 0);
    const known = plan === null ? undefined : this.#read(plan, answer);
    const interfaces = isAboutInterfaces ? await this.#interfaces.read(answer, { at, urgent }) : undefined;
    const tell = (asOf: number) => asked - Math.max(0, at - asOf);
    return {
      at,
      asOf: { sockets: tell(known?.asOf ?? at), interfaces: tell(interfaces?.asOf ?? at) },
      reading: {
        ...(known !== undefined && words.includes('sockets') && { sockets: known.tables }),
        ...(interfaces !== undefined && { interfaces: interfaces.reading }),
        texts: known === undefined ? noTexts : printAll(known, words),
      },
    };
  }

  async dispose(): Promise<void> {
    this.#probe.leave(this.#key);
    this.#options.meter.leave(this.#key);
    await this.#interfaces.dispose();
  }

  #planRead(at: number, urgent: boolean): ReadPlan {
    const last = this.#known;
    const reason =
      last === undefined ? 'first' : findRereadReason(last.restlessness, { ageMs: at - last.readAt, urgent });
    const word = lookWord({ key: this.#key, forced: reason !== null, urgent: urgent || last === undefined });
    return { at, last, reason, word };
  }

  #read({ at, last, reason }: ReadPlan, answer: ProbeAnswer): Known {
    const finding = readFinding(answer);
    if (finding.kind === 'gone') throw processGone();
    if (finding.kind === 'late') this.#options.meter.late();
    if (finding.kind === 'read') {
      const known = finding.tables === null ? last : this.#take(finding.tables, at);
      if (reason === 'anyway' && !finding.moved)
        // What the tables say beside what is shown (timers, references) may tick.
        this.#options.meter.forced(!isDeepStrictEqual(known?.tables, last?.tables));
      if (known !== undefined && known !== last) return known;
    }
    if (last === undefined) throw new Failure('internal', 'The probe answered nothing to a first look');
    // Nothing of the cap's doing is told as newer than it is, and nothing that a timer may have ended since it was read.
    if (finding.kind === 'late' || (finding.kind === 'unmoved' && last.restlessness.timed)) return last;
    last.asOf = at;
    if (finding.kind === 'read') last.readAt = at;
    return last;
  }

  #take(text: string, at: number): Known {
    const tables = parseSocketTables(text, helperLimits.socketRows);
    this.#known = { tables, restlessness: judgeRestlessness(tables), readAt: at, asOf: at, texts: new Map() };
    const { common, giants } = this.#options.probes;
    const isGiant = tables.truncated || tables.sockets.length >= giantSockets;
    if (isGiant !== (this.#probe === giants)) {
      this.#probe.leave(this.#key);
      this.#probe = isGiant ? giants : common;
      this.#probe.enter(this.#key);
    }
    return this.#known;
  }

  #ask(words: readonly string[], knownAt: number): Promise<ProbeAnswer> {
    const target = this.#options.target();
    if (target === null)
      return Promise.reject(new Failure('container_not_running', 'Nothing runs in the namespace any more'));
    return this.#probe.ask({ key: this.#key, target, words, knownAt });
  }
}

/** The texts that were asked for, by canonical letters. */
function printAll(known: Known, words: readonly HelperWord[]): ReadonlyMap<string, string> {
  const asked = words.filter((word) => word.startsWith('-')).map((word) => word.slice(1));
  return asked.length === 0 ? noTexts : new Map(asked.map((options) => [options, print(known, options)]));
}

function print(known: Known, options: string): string {
  const text = known.texts.get(options) ?? renderNetstat(known.tables, options);
  known.texts.set(options, text);
  return text;
}
