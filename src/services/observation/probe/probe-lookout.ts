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
import {
  findRereadReason,
  judgeRestlessness,
  type Restlessness,
  rereadAfterMs,
} from '../../../domain/observation/staleness.ts';
import type { Wiring } from '../../../domain/observation/wiring.ts';
import { Failure } from '../../../schemas/failure.ts';
import type { Resolver } from '../../../schemas/ifconfig.ts';
import type { Look, Lookout, Rest, RestListener } from '../lookout.ts';
import type { Asked, IdlePlace } from './idle-round.ts';
import { InterfaceReader, type InterfacesKnown, processGone } from './interface-reader.ts';
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
  /** Where it rests, or has rested last. */
  #place: IdlePlace | undefined;
  /** When it last asked. */
  #lookedAt = 0;
  /** A witness had moved then: more is likely to follow. */
  #hasMoved = true;
  readonly #interfaces: InterfaceReader;

  constructor(options: ProbeLookoutOptions) {
    this.#options = options;
    keys += 1;
    this.#key = keys;
    this.#interfaces = new InterfaceReader({ ...options, key: this.#key });
    this.#probe = options.probes.common;
    this.#probe.enter(this.#key);
    options.meter.enter(this.#key, () => this.#asOf());
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
    if (this.#place !== undefined) await this.#leavePlace();
    const at = performance.now();
    const since = this.#options.now();
    const plan = words.some((word) => word !== 'interfaces') ? this.#planRead(at, urgent) : null;
    const isAboutInterfaces = words.includes('interfaces');
    const questions = plan === null ? [] : [plan.word];
    if (isAboutInterfaces) questions.push(this.#interfaces.word(at));
    const answer = await this.#ask(questions, plan?.last?.asOf ?? 0);
    this.#lookedAt = at;
    const known = plan === null ? undefined : this.#read(plan, answer);
    const interfaces = isAboutInterfaces ? await this.#interfaces.read(answer, { at, urgent }) : undefined;
    return describeLook({ at, since }, words, { known, interfaces });
  }

  /** Rests on socket tables of which the witnesses alone tell, until they have to be read again in any case. */
  rest(words: readonly HelperWord[], intervalMs: number, listener: RestListener): Rest | null {
    const last = this.#known;
    if (last === undefined || words.includes('interfaces') || !this.#isAtRest(last)) return null;
    let isOver = false;
    const unlessOver = (tell: () => void) => {
      if (isOver) return;
      isOver = true;
      tell();
    };
    const place = this.#probe.idleRound(intervalMs).join({
      key: this.#key,
      words: [lookWord({ key: this.#key, forced: false, urgent: false })],
      until: last.readAt + rereadAfterMs.anyway,
      target: this.#options.target,
      answered: (answer, asked) => {
        // The probe says it once: it is what is known also where the rest was ended meanwhile.
        const seen = this.#takeAnswer(answer, asked);
        unlessOver(() =>
          'known' in seen ? listener.moved(describeLook(asked, words, seen)) : listener.failed(seen.error),
        );
      },
      over: () => unlessOver(() => listener.over()),
      failed: (error) => unlessOver(() => listener.failed(error)),
    });
    this.#place = place;
    return {
      get confirmed() {
        const seen = place.confirmed;
        return seen === null ? null : { at: seen.answeredAt, asOf: { sockets: seen.since, interfaces: seen.since } };
      },
      end: () => {
        isOver = true;
        void place.leave();
      },
    };
  }

  async dispose(): Promise<void> {
    void this.#place?.leave();
    this.#probe.leave(this.#key);
    this.#options.meter.leave(this.#key);
    await this.#interfaces.dispose();
  }

  /** What is known is what was seen at the last look, and nothing changes it without a witness. */
  #isAtRest({ restlessness, asOf }: Known): boolean {
    const hasWitnesses = (this.#options.target()?.members.length ?? 0) > 0;
    return hasWitnesses && !this.#hasMoved && asOf === this.#lookedAt && !restlessness.queued && !restlessness.timed;
  }

  /** What the probe said at the end of a rest. */
  #takeAnswer(answer: ProbeAnswer, asked: Asked): { readonly known: Known } | { readonly error: unknown } {
    this.#takeConfirmed();
    this.#lookedAt = asked.at;
    try {
      return { known: this.#read({ at: asked.at, last: this.#known, reason: null }, answer) };
    } catch (error) {
      return { error };
    }
  }

  /** What the probe is being asked just now is part of what is known when it is asked something else. */
  async #leavePlace(): Promise<void> {
    await this.#place?.leave();
    this.#takeConfirmed();
    this.#place = undefined;
  }

  #takeConfirmed(): void {
    if (this.#known !== undefined) this.#known.asOf = this.#asOf() ?? this.#known.asOf;
  }

  #asOf(): number | null {
    if (this.#known === undefined) return null;
    return Math.max(this.#known.asOf, this.#place?.confirmed?.at ?? 0);
  }

  #planRead(at: number, urgent: boolean): ReadPlan {
    const last = this.#known;
    const reason =
      last === undefined ? 'first' : findRereadReason(last.restlessness, { ageMs: at - last.readAt, urgent });
    const word = lookWord({ key: this.#key, forced: reason !== null, urgent: urgent || last === undefined });
    return { at, last, reason, word };
  }

  #read({ at, last, reason }: Omit<ReadPlan, 'word'>, answer: ProbeAnswer): Known {
    const finding = readFinding(answer);
    if (finding.kind === 'gone') throw processGone();
    if (finding.kind === 'late') this.#options.meter.late();
    this.#hasMoved = finding.kind === 'late' || (finding.kind === 'read' && finding.moved);
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

/** What was asked at this time, as it is known by now. */
function describeLook(
  { at, since }: Asked,
  words: readonly HelperWord[],
  { known, interfaces }: { readonly known?: Known | undefined; readonly interfaces?: InterfacesKnown | undefined },
): Look {
  const tell = (asOf: number) => since - Math.max(0, at - asOf);
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
