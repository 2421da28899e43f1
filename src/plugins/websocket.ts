// The first request of a WebSocket runs through the same hooks and schemas as any other. The plugin does not read messages, but it is
// the boundary for every handler that does: an error of a handler or of a listener ends one socket and nothing else.
import type { ServerResponse } from 'node:http';
import websocketPlugin from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { type ErrorCode, errorKinds } from '../schemas/error-codes.ts';
import { Failure } from '../schemas/failure.ts';
import { isUpgrade } from './boundary.ts';
import { OpenSockets } from './open-sockets.ts';
import { toFailure } from './problem-details.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set for routes with a WebSocket handler. */
    speaksWebSocket?: boolean;
  }
  interface FastifyInstance {
    readonly openSockets: OpenSockets;
  }
  interface FastifyRequest {
    /** What would answer an upgrade that is refused. */
    upgradeResponse: ServerResponse | null;
    /** Called when the socket that the request has opened is closed. */
    onSocketClosed: (() => void) | null;
  }
}

/** Clients only subscribe, resize and type: a larger frame is a mistake or an attack. */
const maxFrameBytes = 64 * 1024;

/** One for all sockets. */
type SocketErrorListener = (this: WebSocket, error: unknown) => void;

const subprotocol = 'terrarium.v1';

/** A client that does not close its side is cut off after this, in milliseconds. */
const closeGraceMs = 1_000;

/** Sockets that a failure has ended. An error that follows on the same socket is a consequence, and is not logged. */
const failedSockets = new WeakSet<WebSocket>();

export async function websocket(app: FastifyInstance): Promise<void> {
  const onError: SocketErrorListener = function (error) {
    endSocket(app, error, this);
  };
  const openSockets = new OpenSockets();
  app.decorate('openSockets', openSockets);
  // Before the plugin's own hook, which keeps the handler that it finds.
  app.addHook('onRoute', (route) => {
    const { wsHandler } = route;
    if (wsHandler === undefined) return;
    route.config = { ...route.config, speaksWebSocket: true };
    route.wsHandler = function (socket, request) {
      letGoOfRequest(socket, request, onError);
      openSockets.add(socket, request.login, request.onSocketClosed);
      return wsHandler.call(this, socket, request);
    };
  });
  await app.register(websocketPlugin, {
    options: {
      maxPayload: maxFrameBytes,
      // Frames are encoded once for all clients; compressing each for each would undo that.
      perMessageDeflate: false,
      // It would be a listener more for each.
      clientTracking: false,
      handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
    },
    errorHandler: (error, socket) => endSocket(app, error, socket),
    preClose(done) {
      sayGoodbye(openSockets);
      this.websocketServer.close();
      done();
    },
  });

  app.decorateRequest('upgradeResponse', null);
  app.decorateRequest('onSocketClosed', null);
  app.addHook('onRequest', (request, reply, done) => {
    if (!isUpgrade(request) || request.is404) return done();
    request.upgradeResponse = reply.raw;
    const protocol = request.headers.upgrade ?? '';
    if (protocol.toLowerCase() !== 'websocket')
      return done(
        new Failure('invalid_request', `Nothing here is upgraded to "${protocol.slice(0, 40)}"`, {
          hint: 'Tell the client to speak plain HTTP/1.1 (Java: version(HTTP_1_1), curl: --http1.1)',
        }),
      );
    if (request.routeOptions.config.speaksWebSocket === true) return done();
    done(
      new Failure('invalid_request', 'This URL does not speak WebSocket', {
        hint: 'Send the request without an Upgrade header; /docs marks the URLs that speak WebSocket',
      }),
    );
  });
}

/**
 * A socket may live for days, and its first request is several kilobytes: headers, reply, logger. The plugin's listener and the response that it
 * has given the connection would keep them for as long.
 */
function letGoOfRequest(socket: WebSocket, request: FastifyRequest, onError: SocketErrorListener): void {
  socket.removeAllListeners('error');
  socket.on('error', onError);
  request.upgradeResponse?.detachSocket(request.raw.socket);
}

/**
 * Ends the socket of a handler or a listener (`streams/socket-listeners.ts`) that threw, with the close code of the failure.
 * Everybody else stays connected. If the client broke the protocol, ws has begun to close the socket already.
 */
function endSocket(app: FastifyInstance, thrown: unknown, socket: WebSocket): void {
  const error: Error & { code?: unknown } =
    thrown instanceof Error ? thrown : new Error('A value that is no error was thrown', { cause: thrown });
  if (typeof error.code === 'string' && error.code.startsWith('WS_ERR_')) {
    app.log.info({ reason: error.code, detail: error.message }, 'socket refused');
    return;
  }
  if (failedSockets.has(socket)) return;
  failedSockets.add(socket);
  const failure = toFailure(error);
  if (failure.code === 'internal') app.log.error({ err: error }, 'a WebSocket handler failed: its socket is closed');
  else app.log.info({ code: failure.code, detail: failure.message }, 'socket ended');
  // The state behind these listeners may be half changed: they must not run again. Those of `close` clean up.
  for (const event of ['message', 'ping', 'pong']) socket.removeAllListeners(event);
  // A terminal that holds up its input would not read the client's close.
  socket.resume();
  socket.close(errorKinds[failure.code].close, failure.code);
  setTimeout(() => socket.terminate(), closeGraceMs).unref();
}

function sayGoodbye(clients: Iterable<WebSocket>): void {
  const code: ErrorCode = 'shutting_down';
  const told = [...clients];
  for (const client of told) client.close(errorKinds[code].close, code);
  setTimeout(() => {
    for (const client of told) client.terminate();
  }, closeGraceMs).unref();
}
