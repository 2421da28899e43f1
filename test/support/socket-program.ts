// Random programs of socket calls: steps that fast-check makes, and the world in which players make them. A step says what to do and points at
// whatever is there by number, so that each is possible in any world; what the kernel refuses is no mistake.
import fc from './fast-check.ts';
import type { SocketPlayer } from './socket-player.ts';

const deeds = {
  serve: 6,
  connect: 8,
  meet: 4,
  part: 3,
  accept: 5,
  halfClose: 3,
  close: 4,
  reset: 2,
  write: 5,
  read: 3,
  drain: 2,
  serveUdp: 3,
  connectUdp: 2,
  send: 4,
  raw: 1,
  hold: 2,
  kill: 2,
  swap: 3,
  halfOpen: 1,
  knock: 1,
} as const;
export type Deed = keyof typeof deeds;

export interface SocketStep {
  readonly deed: Deed;
  /** Whom it is about, and who else, counted among those it can be about. */
  readonly who: number;
  readonly other: number;
  readonly port: number;
  readonly bytes: number;
  /** Decides what else there is to decide. */
  readonly choice: number;
}

/** Steps of these deeds, of all where none are named. */
export function socketSteps(only: readonly Deed[] = Object.keys(deeds) as Deed[]): fc.Arbitrary<SocketStep> {
  return fc.record({
    deed: fc.oneof(...only.map((deed) => ({ weight: deeds[deed], arbitrary: fc.constant(deed) }))),
    who: fc.nat(1000),
    other: fc.nat(1000),
    port: fc.oneof(fc.constantFrom(1, 22, 80, 9999, 10_000, 65_535), fc.integer({ min: 1, max: 65_535 })),
    bytes: fc.oneof(fc.constantFrom(1, 1000, 100_000, 3_000_000), fc.integer({ min: 1, max: 70_000 })),
    choice: fc.nat(1000),
  });
}

/** Programs that begin with somebody who serves, of `maxLength` steps at most and half as many at least. */
export function socketPrograms(maxLength: number): fc.Arbitrary<SocketStep[]> {
  const served: Deed[] = ['serve', 'serve', 'serve', 'serveUdp', 'serveUdp'];
  const limits = { minLength: Math.ceil(maxLength / 2), maxLength: maxLength - served.length, size: 'max' } as const;
  return fc
    .tuple(fc.tuple(...served.map((deed) => socketSteps([deed]))), fc.array(socketSteps(), limits))
    .map(([first, rest]) => [...first, ...rest]);
}

export interface WorldOptions {
  /** In the observed namespace. */
  readonly inside: SocketPlayer;
  /** In another one, from which `reach` can be reached. */
  readonly outside?: SocketPlayer;
  /** Addresses to serve at inside. */
  readonly v4: readonly string[];
  readonly v6: readonly string[];
  /** Addresses of the inside on a network that both are on. */
  readonly reach?: readonly string[];
  /** An address of that network where nobody is. */
  readonly nobody?: string;
}

type Role = 'listener' | 'stream' | 'datagram' | 'raw' | 'held';

interface Known {
  readonly name: string;
  readonly role: Role;
  readonly player: SocketPlayer;
  readonly kind: string;
  readonly address: string;
  readonly port: number;
}

export class SocketWorld {
  readonly #options: WorldOptions;
  #known: Known[] = [];
  #count = 0;
  /** Every call made, with the kernel's answer: what a failure is reproduced from. */
  readonly log: string[] = [];

  constructor(options: WorldOptions) {
    this.#options = options;
  }

  /** Makes the step's calls; the answer of each is there when this resolves. Answers how many the kernel took. */
  async play(step: SocketStep): Promise<number> {
    const before = this.log.length;
    await this[step.deed](step);
    return this.log.slice(before).filter((line) => !line.endsWith('refused')).length;
  }

  /** Closes everything. */
  async clear(): Promise<void> {
    await this.#options.inside.must('clear');
    await this.#options.outside?.must('clear');
    this.#known = [];
    this.log.length = 0;
  }

  async #call(player: SocketPlayer, call: string): Promise<string | null> {
    const answer = await player.play(call);
    const where = player === this.#options.inside ? 'inside' : 'outside';
    this.log.push(`${where}: ${call} → ${answer ?? 'refused'}`);
    return answer;
  }

  #name(): string {
    this.#count += 1;
    return `s${this.#count}`;
  }

  #pick(role: Role, number: number, player?: SocketPlayer): Known | undefined {
    const found = this.#known.filter((one) => one.role === role && (player === undefined || one.player === player));
    return found[number % found.length];
  }

  #forget(known: Known): void {
    this.#known = this.#known.filter((one) => one !== known);
  }

  async #serve(kind: string, { who, port, choice }: SocketStep): Promise<void> {
    const { inside, v4, v6 } = this.#options;
    const is6 = choice % 2 === 1;
    const list = is6 ? v6 : v4;
    const address = list[who % list.length] ?? '';
    const flags = [choice % 3 === 0 && 'reuseport', choice % 5 === 0 && is6 && 'v6only', choice % 7 > 1 && 'reuseaddr'];
    const full = `${kind}${is6 ? '6' : ''}`;
    const words = `${full} ${address} ${port} ${choice % 4} ${flags.filter(Boolean).join(' ')}`;
    // Twins share an address and a port.
    for (let twin = 0; twin <= (choice % 3 === 0 ? 1 : 0); twin += 1) {
      const name = this.#name();
      const role = kind === 'tcp' ? 'listener' : 'datagram';
      if ((await this.#call(inside, `serve ${name} ${words}`)) !== null)
        this.#known.push({ name, role, player: inside, kind: full, address, port });
    }
  }

  serve(step: SocketStep): Promise<void> {
    return this.#serve('tcp', step);
  }

  serveUdp(step: SocketStep): Promise<void> {
    return this.#serve('udp', step);
  }

  /** Where a listener, or a datagram socket, is reached from here or from outside, and by which family of socket; undefined where it is not. */
  #addressOf(
    { address, kind }: Known,
    isOutside: boolean,
    choice: number,
  ): { address: string; is6: boolean } | undefined {
    const { reach = [] } = this.#options;
    const is6 = kind.endsWith('6');
    if (isOutside) {
      const outer = reach[choice % reach.length];
      return (address === '0.0.0.0' || address === '::' || address === outer) && outer !== undefined
        ? { address: outer, is6: false }
        : undefined;
    }
    if (address === '0.0.0.0')
      return choice % 3 === 0 ? { address: '::ffff:127.0.0.1', is6: true } : { address: '127.0.0.1', is6: false };
    if (address === '::')
      return choice % 3 === 0 ? { address: '127.0.0.1', is6: false } : { address: '::1', is6: true };
    return { address, is6 };
  }

  async connect(step: SocketStep): Promise<void> {
    const listener = this.#pick('listener', step.who);
    if (listener !== undefined) await this.#connectToListener(listener, step);
  }

  async #connectToListener(listener: Known, { other, choice }: SocketStep): Promise<Known | undefined> {
    const { inside, outside } = this.#options;
    const player = outside !== undefined && other % 2 === 0 ? outside : inside;
    const to = this.#addressOf(listener, player === outside, choice);
    if (to === undefined) return undefined;
    return this.#connectTo(player, `tcp${to.is6 ? '6' : ''}`, to.address, listener.port);
  }

  async #connectTo(player: SocketPlayer, kind: string, address: string, port: number): Promise<Known | undefined> {
    const name = this.#name();
    await this.#call(player, `open ${name} ${kind}`);
    if ((await this.#call(player, `connect ${name} ${address} ${port}`)) === null) {
      await this.#call(player, `close ${name}`);
      return undefined;
    }
    const made: Known = { name, role: 'stream', player, kind, address, port };
    this.#known.push(made);
    return made;
  }

  async accept({ who }: SocketStep): Promise<void> {
    const listener = this.#pick('listener', who);
    if (listener === undefined) return;
    const name = this.#name();
    if ((await this.#call(listener.player, `accept ${listener.name} ${name}`)) !== null)
      this.#known.push({ ...listener, name, role: 'stream' });
  }

  /** A connection that is accepted at once, so that it waits in nobody's queue. */
  async meet(step: SocketStep): Promise<void> {
    await this.#meet(step);
  }

  /** Two meet and part while more is on its way than the other takes, so that neither gets further: CLOSING, LAST_ACK or FIN_WAIT1. */
  async part(step: SocketStep): Promise<void> {
    const ends = await this.#meet(step);
    if (ends === undefined) return;
    const [client, server] = ends;
    const say = ({ player, name }: Known, words: string) => this.#call(player, words.replace('NAME', name));
    const writer = step.choice % 3 === 1 ? server : client;
    if (step.choice % 3 === 1) await say(client, 'shutdown NAME 1');
    // Until nothing goes any more.
    for (let piece = 0; piece < 8; piece += 1) await say(writer, 'write NAME 3000000');
    if (step.choice % 3 === 0) {
      await say(client, 'shutdown NAME 1');
      await say(server, 'shutdown NAME 1');
      return;
    }
    this.#forget(writer);
    await say(writer, 'close NAME');
  }

  async #meet(step: SocketStep): Promise<[client: Known, server: Known] | undefined> {
    const chosen = this.#pick('listener', step.who);
    const ofPort = this.#known.filter(
      ({ role, port }) => (role === 'listener' || role === 'held') && port === chosen?.port,
    );
    // Of several at one port the kernel chooses, and who holds one accepts nothing.
    if (chosen === undefined || ofPort.some(({ role }) => role === 'held')) return undefined;
    const client = await this.#connectToListener(chosen, step);
    if (client === undefined) return undefined;
    for (let attempt = 0; attempt < 50; attempt += 1) {
      for (const listener of ofPort) {
        const name = this.#name();
        const answer = await listener.player.play(`accept ${listener.name} ${name}`);
        if (answer === null) continue;
        this.log.push(`inside: accept ${listener.name} ${name}`);
        const server: Known = { ...listener, name, role: 'stream' };
        this.#known.push(server);
        return [client, server];
      }
    }
    return undefined;
  }

  async halfClose({ who, choice }: SocketStep): Promise<void> {
    const stream = this.#pick('stream', who);
    if (stream !== undefined) await this.#call(stream.player, `shutdown ${stream.name} ${choice % 3}`);
  }

  async close({ who, choice }: SocketStep): Promise<void> {
    const roles: Role[] = ['stream', 'stream', 'listener', 'datagram', 'raw'];
    const known = this.#pick(roles[choice % roles.length] ?? 'stream', who);
    if (known === undefined) return;
    this.#forget(known);
    await this.#call(known.player, `close ${known.name}`);
  }

  async reset({ who }: SocketStep): Promise<void> {
    const stream = this.#pick('stream', who);
    if (stream === undefined) return;
    this.#forget(stream);
    await this.#call(stream.player, `reset ${stream.name}`);
  }

  async write({ who, bytes }: SocketStep): Promise<void> {
    const stream = this.#pick('stream', who);
    if (stream !== undefined) await this.#call(stream.player, `write ${stream.name} ${bytes}`);
  }

  async read({ who, bytes, choice }: SocketStep): Promise<void> {
    const known = this.#pick(choice % 3 === 0 ? 'datagram' : 'stream', who);
    if (known !== undefined) await this.#call(known.player, `read ${known.name} ${bytes}`);
  }

  async drain({ who, choice }: SocketStep): Promise<void> {
    const roles: Role[] = ['stream', 'datagram', 'raw'];
    const known = this.#pick(roles[choice % 3] ?? 'stream', who);
    if (known !== undefined) await this.#call(known.player, `drain ${known.name}`);
  }

  async connectUdp({ who, other, choice }: SocketStep): Promise<void> {
    const [from, to] = [this.#pick('datagram', who), this.#pick('datagram', other)];
    if (from === undefined || to === undefined) return;
    const target = this.#addressOf(to, false, choice);
    // A socket of one family takes no address of the other.
    if (target?.is6 === from.kind.endsWith('6'))
      await this.#call(from.player, `connect ${from.name} ${target.address} ${to.port}`);
  }

  async send({ who, other, bytes, choice }: SocketStep): Promise<void> {
    const { inside, outside } = this.#options;
    const to = this.#pick('datagram', who);
    if (to === undefined) return;
    const player = outside !== undefined && other % 2 === 0 ? outside : inside;
    const target = this.#addressOf(to, player === outside, choice);
    if (target === undefined) return;
    const name = this.#name();
    await this.#call(player, `open ${name} udp${target.is6 ? '6' : ''}`);
    await this.#call(player, `send ${name} ${target.address} ${to.port} ${bytes % 60_000}`);
    await this.#call(player, `close ${name}`);
  }

  async raw({ who, choice }: SocketStep): Promise<void> {
    const { inside, v4, v6 } = this.#options;
    const is6 = choice % 2 === 1;
    const kind = is6 ? 'raw6' : 'raw';
    const list = is6 ? v6 : v4;
    const address = list[who % list.length] ?? '';
    const name = this.#name();
    if ((await this.#call(inside, `open ${name} ${kind} ${[1, 58, 89, 200, 255][choice % 5]}`)) === null) return;
    // Bound, or connected (which a reader of addresses alone takes for a connection); one that is neither would show everybody's traffic.
    await this.#call(inside, `bind ${name} ${address} 0`);
    if (choice % 3 === 0) await this.#call(inside, `connect ${name} ${address} 0`);
    this.#known.push({ name, role: 'raw', player: inside, kind, address, port: 0 });
  }

  /** The socket goes to a process of its own, which is the only one that can end it. */
  async hold({ who, choice }: SocketStep): Promise<void> {
    const roles: Role[] = ['stream', 'listener', 'datagram'];
    const known = this.#pick(roles[choice % 3] ?? 'stream', who, this.#options.inside);
    if (known === undefined || (await this.#call(known.player, `hold ${known.name}`)) === null) return;
    this.#forget(known);
    this.#known.push({ ...known, role: 'held' });
  }

  async kill({ who }: SocketStep): Promise<void> {
    const known = this.#pick('held', who);
    if (known === undefined) return;
    this.#forget(known);
    await this.#call(known.player, `kill ${known.name}`);
  }

  async swap({ who, port }: SocketStep): Promise<void> {
    const listener = this.#pick('listener', who);
    if (listener === undefined) return;
    this.#forget(listener);
    if ((await this.#call(listener.player, `swap ${listener.name} ${port}`)) !== null)
      this.#known.push({ ...listener, port });
  }

  /** A connection that nobody ever completes: it waits in SYN_RECV until the kernel gives it up. */
  async halfOpen({ who, port, choice }: SocketStep): Promise<void> {
    const { outside, nobody, reach = [] } = this.#options;
    const listener = this.#pick('listener', who);
    if (outside === undefined || nobody === undefined || listener === undefined) return;
    const to = this.#addressOf(listener, true, choice);
    if (to !== undefined && reach.length > 0)
      await this.#call(outside, `syn ${nobody} ${port} ${to.address} ${listener.port}`);
  }

  /** A connection to where nobody is: SYN_SENT until the kernel gives it up. */
  async knock({ port }: SocketStep): Promise<void> {
    const { inside, nobody } = this.#options;
    if (nobody !== undefined) await this.#connectTo(inside, 'tcp', nobody, port);
  }
}
