// The closed list of error codes, each with its HTTP status and its WebSocket close code. Nothing else decides a status:
// a failure names a code, and the edge looks it up here.

/** What a code means on both transports. `title` is the short human-readable summary of RFC 9457. */
export interface ErrorKind {
  readonly status: number;
  /** WebSocket close code (RFC 6455 §7.4; 4000–4999 are ours) used when the failure ends a connection. */
  readonly close: number;
  readonly title: string;
}

export const errorKinds = {
  invalid_request: {
    status: 400,
    close: 4400,
    title: 'The request is not valid',
  },
  unauthorized: {
    status: 401,
    close: 4401,
    title: 'Authentication is required',
  },
  forbidden: { status: 403, close: 4403, title: 'Not allowed' },
  host_not_allowed: {
    status: 403,
    close: 4403,
    title: 'This Host header is not allowed',
  },
  origin_not_allowed: {
    status: 403,
    close: 4403,
    title: 'This Origin is not allowed',
  },
  not_managed: { status: 403, close: 4403, title: 'Not managed by Terrarium' },
  route_not_found: { status: 404, close: 4404, title: 'No such route' },
  container_not_found: { status: 404, close: 4404, title: 'No such container' },
  network_not_found: { status: 404, close: 4404, title: 'No such network' },
  volume_not_found: { status: 404, close: 4404, title: 'No such volume' },
  lab_not_found: { status: 404, close: 4404, title: 'No such lab' },
  lesson_not_found: { status: 404, close: 4404, title: 'No such lesson' },
  image_not_found: { status: 404, close: 4404, title: 'No such image' },
  namespace_not_found: { status: 404, close: 4404, title: 'No such namespace' },
  process_not_found: { status: 404, close: 4404, title: 'No such process' },
  engine_not_found: { status: 404, close: 4404, title: 'No such engine' },
  not_acceptable: {
    status: 406,
    close: 4400,
    title: 'None of the accepted media types can be produced',
  },
  ambiguous: {
    status: 409,
    close: 4409,
    title: 'The reference fits more than one object',
  },
  name_taken: { status: 409, close: 4409, title: 'The name is already in use' },
  address_in_use: {
    status: 409,
    close: 4409,
    title: 'The address is already in use',
  },
  port_in_use: {
    status: 409,
    close: 4409,
    title: 'The host port is already in use',
  },
  network_in_use: {
    status: 409,
    close: 4409,
    title: 'The network is in use',
  },
  container_not_running: {
    status: 409,
    close: 4409,
    title: 'The container is not running',
  },
  state_conflict: {
    status: 409,
    close: 4409,
    title: 'The state of the object does not allow this',
  },
  // To wait does not help: something has to go first.
  quota_exceeded: { status: 409, close: 4409, title: 'More than one user may have' },
  lab_busy: { status: 409, close: 4409, title: 'The lab is being changed by another request' },
  lab_cancelled: { status: 409, close: 4409, title: 'The change of the lab was cancelled' },
  idempotency_conflict: {
    status: 409,
    close: 4409,
    title: 'The idempotency key was used for another request',
  },
  payload_too_large: {
    status: 413,
    close: 1009,
    title: 'The request is too large',
  },
  unsupported_media_type: {
    status: 415,
    close: 4400,
    title: 'The media type is not supported',
  },
  upgrade_required: {
    status: 426,
    close: 4400,
    title: 'This URL speaks WebSocket',
  },
  engine_refused: { status: 422, close: 4422, title: 'The engine refused' },
  rate_limited: { status: 429, close: 4429, title: 'Too many requests' },
  internal: { status: 500, close: 1011, title: 'Internal error' },
  engine_unavailable: {
    status: 503,
    close: 1013,
    title: 'The engine does not answer',
  },
  overloaded: { status: 503, close: 1013, title: 'The server is overloaded' },
  shutting_down: {
    status: 503,
    close: 1001,
    title: 'The server is shutting down',
  },
  engine_timeout: {
    status: 504,
    close: 1013,
    title: 'The engine did not answer in time',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;
export const errorCodes = Object.keys(errorKinds) as ErrorCode[];
