// The first request of a WebSocket runs through the same hooks and schemas as any other. What is said on the socket is none of its business.
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
type SocketErrorListener = (this: WebSocket, error: Error & { code?: unknown }) => void;

const subprotocol = 'terrarium.v1';

/** A client that does not close its side is cut off after this, in milliseconds. */
const closeGraceMs = 1_000;

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

/** A client that broke the protocol is already being closed by ws; whatever else a handler throws ends its socket with its code. */
function endSocket(app: FastifyInstance, error: Error & { code?: unknown }, socket: WebSocket): void {
  if (typeof error.code === 'string' && error.code.startsWith('WS_ERR_')) {
    app.log.info({ reason: error.code, detail: error.message }, 'socket refused');
    return;
  }
  const failure = toFailure(error);
  if (failure.code === 'internal') app.log.error({ err: error }, failure.message);
  else app.log.info({ code: failure.code, detail: failure.message }, 'socket ended');
  socket.close(errorKinds[failure.code].close, failure.code);
}

function sayGoodbye(clients: Iterable<WebSocket>): void {
  const code: ErrorCode = 'shutting_down';
  const told = [...clients];
  for (const client of told) client.close(errorKinds[code].close, code);
  setTimeout(() => {
    for (const client of told) client.terminate();
  }, closeGraceMs).unref();
}
