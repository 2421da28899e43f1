// The client of one server: every route as a method, every stream as an async iterator. It has no state but its connections.
import { Http, type HttpOptions } from './http.ts';
import { defaultPace, type Pace } from './pace.ts';
import { type Access, access } from './resources/access.ts';
import { type Containers, containers } from './resources/containers.ts';
import { type Engines, engines } from './resources/engines.ts';
import { type Images, images } from './resources/images.ts';
import { type Labs, labs } from './resources/labs.ts';
import { type Lessons, lessons } from './resources/lessons.ts';
import { type Namespaces, namespaces } from './resources/namespaces.ts';
import { type Networks, networks } from './resources/networks.ts';
import { type Operations, operations } from './resources/operations.ts';
import { type ReachabilityResource, reachability } from './resources/reachability.ts';
import type { Dial } from './sockets/socket.ts';
import type { Connection } from './topics/line.ts';
import { Streams, type Subscribe } from './topics/streams.ts';

export interface ClientParts extends HttpOptions {
  /** How to open a WebSocket to the server of this client. */
  readonly dial: (http: Http) => Dial;
  /** Waits between attempts to reconnect; default 0.25 s, doubled up to 10 s. */
  readonly reconnect?: Pace | undefined;
  /** Told how the connections of subscriptions stand. */
  readonly onConnection?: ((connection: Connection) => void) | undefined;
}

export interface TerrariumClient {
  /** Of the server. */
  readonly url: string;
  readonly containers: Containers;
  readonly networks: Networks;
  readonly namespaces: Namespaces;
  readonly reachability: ReachabilityResource;
  readonly lessons: Lessons;
  readonly images: Images;
  readonly labs: Labs;
  readonly engines: Engines;
  readonly access: Access;
  readonly operations: Operations;
  /**
   * Follows a topic: the newest states of `netstat` and `ifconfig`, each event once, the lines of logs. A cut is healed: it connects again, subscribes
   * again, and goes on where it was. It ends with the container, when you leave the loop, and with the signal (whose reason is thrown); it fails with
   * a `TerrariumError` where the server refuses, and where there was no connection at all.
   *
   * @example for await (const { data } of client.subscribe({ topic: 'netstat', container: 'web' })) console.log(data?.sockets);
   */
  readonly subscribe: Subscribe;
  /** Ends every subscription. */
  close(): void;
}

export function assembleClient({
  dial: makeDial,
  reconnect = defaultPace,
  onConnection,
  ...options
}: ClientParts): TerrariumClient {
  const http = new Http(options);
  const dial = makeDial(http);
  const streams = new Streams({ http, dial, pace: reconnect, onConnection });
  return {
    url: http.url,
    containers: containers(http, dial),
    networks: networks(http),
    namespaces: namespaces(http),
    reachability: reachability(http),
    lessons: lessons(http),
    images: images(http),
    labs: labs(http, reconnect),
    engines: engines(http),
    access: access(http),
    operations: operations(http),
    subscribe: streams.subscribe,
    close: () => streams.close(),
  };
}
