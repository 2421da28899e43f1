// What the client needs of a WebSocket, so that a browser's and Node's will both do. Types only.

/** An open connection. */
export interface Socket {
  /** Bytes that were said and are not sent yet. */
  readonly waiting: number;
  send(data: string | Uint8Array): void;
  /** Says goodbye. */
  close(): void;
  /** Is done with it, whether or not the other side answers. */
  terminate(): void;
}

export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
}

/** Who hears what comes. It may hear before the dialling has resolved. */
export interface SocketListener {
  message(data: string | Uint8Array): void;
  /** Once, after it was open. */
  close(end: SocketEnd): void;
}

export interface DialRequest {
  /** From the root of the server, encoded. */
  readonly path: string;
  readonly query?: object | undefined;
  readonly protocol?: string | undefined;
  readonly listener: SocketListener;
  /** Gives the dialling up. What is open is closed by who has it. */
  readonly signal?: AbortSignal | undefined;
}

/** Opens a WebSocket, authorized. Fails with a `TerrariumError` where it is refused or nobody answers. */
export type Dial = (request: DialRequest) => Promise<Socket>;
