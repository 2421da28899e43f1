// What each route is about, and what therefore everybody may: the table that the access matrix goes by. A route that is not in it fails the test: whoever
// adds one says here what it gives to whom. Routes are spelled as the OpenAPI document spells them.

/** Names and ids of what one owner has. */
export interface Belongings {
  readonly owner: string;
  readonly container: string;
  readonly network: string;
  readonly lab: string;
  readonly namespace: string;
}

/** What a call is made with, beside method and path. */
export interface CallExtras {
  readonly query?: string;
  readonly body?: (its: Belongings) => unknown;
  readonly headers?: Record<string, string>;
}

/**
 * `open`: anybody, also without a token. `anyone`: every login. `look`, `inside`, `change`: of one container, network, lab or namespace: who sees it may
 * look, what is inside and its changes are its owner's. `make`: by whoever may change anything. `claim`: makes or changes what has this name. `right`:
 * by who has it. `server`: of who sees the whole.
 */
export type Judgement = CallExtras & {
  readonly access: 'open' | 'anyone' | 'look' | 'inside' | 'change' | 'make' | 'claim' | 'invite' | 'server' | Right;
};
type Right = { readonly right: 'pull' | 'list_all' | 'daemon_config'; readonly forViewers: boolean };

export const labFile = { containers: { only: { mode: 'closed', env: { PASSWORD: 'of-the-other' } } } };
const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

export const judgements: Readonly<Record<string, Judgement>> = {
  'GET /healthz': { access: 'open' },
  'GET /readyz': { access: 'open' },
  'POST /api/v1/login': { access: 'open', body: () => ({ code: 'no-such-code' }) },
  'GET /openapi.json': { access: 'anyone' },
  'GET /asyncapi.json': { access: 'anyone' },
  'GET /api/v1/openapi.json': { access: 'anyone' },
  'GET /api/v1/asyncapi.json': { access: 'anyone' },

  'GET /metrics': { access: 'server' },
  'GET /api/v1/session': { access: 'anyone' },
  'POST /api/v1/tickets': { access: 'anyone' },
  'POST /api/v1/logout': { access: 'anyone' },
  'POST /api/v1/login-codes': { access: 'invite' },
  'GET /api/v1/lessons': { access: 'anyone' },
  'GET /api/v1/lessons/{name}': { access: 'anyone' },
  'GET /api/v1/images': { access: 'anyone' },
  'POST /api/v1/images/pull': {
    access: { right: 'pull', forViewers: false },
    body: () => ({ image: 'busybox:latest' }),
  },
  'GET /api/v1/engines': { access: 'anyone' },
  'GET /api/v1/engines/{name}': { access: 'anyone' },
  'GET /api/v1/engines/{name}/daemon-config': { access: { right: 'daemon_config', forViewers: true } },
  'POST /api/v1/daemon-config/check': { access: 'anyone', headers: { 'content-type': 'text/plain' }, body: () => ({}) },
  'GET /api/v1/audit': { access: 'anyone' },
  'GET /api/v1/events': { access: 'anyone' },
  'GET /api/v1/stream': { access: 'anyone', headers: upgrade },
  'GET /api/v1/reachability': { access: 'anyone' },

  'GET /api/v1/containers': { access: 'anyone' },
  'POST /api/v1/containers/closed': { access: 'make', query: 'dryRun=true', body: () => ({}) },
  'POST /api/v1/containers/bridged': { access: 'make', query: 'dryRun=true', body: () => ({}) },
  'POST /api/v1/containers/open': { access: 'make', query: 'dryRun=true', body: () => ({ ports: ['80'] }) },
  'POST /api/v1/containers/joined': {
    access: 'inside',
    query: 'dryRun=true',
    body: ({ container }) => ({ target: container }),
  },
  'GET /api/v1/containers/{id}': { access: 'look' },
  'GET /api/v1/containers/{id}/ports': { access: 'look' },
  'GET /api/v1/containers/{id}/netstat': { access: 'look' },
  'GET /api/v1/containers/{id}/ifconfig': { access: 'look' },
  'GET /api/v1/containers/{id}/namespaces': { access: 'look' },
  'GET /api/v1/containers/{id}/ports/{port}/path': { access: 'look' },
  'GET /api/v1/containers/{id}/ports/{port}/{protocol}/path': { access: 'look' },
  'GET /api/v1/containers/{id}/logs': { access: 'inside' },
  'GET /api/v1/containers/{id}/terminal': { access: 'inside', headers: upgrade },
  'POST /api/v1/containers/{id}/exec': { access: 'inside', body: () => ({ command: ['true'] }) },
  'POST /api/v1/containers/{id}/start': { access: 'change' },
  'POST /api/v1/containers/{id}/stop': { access: 'change' },
  'POST /api/v1/containers/{id}/restart': { access: 'change' },
  'POST /api/v1/containers/{id}/pause': { access: 'change' },
  'POST /api/v1/containers/{id}/unpause': { access: 'change' },
  'POST /api/v1/containers/{id}/rejoin': { access: 'change' },
  'DELETE /api/v1/containers/{id}': { access: 'change' },

  'GET /api/v1/namespaces': { access: 'anyone' },
  'GET /api/v1/namespaces/{id}': { access: 'look' },

  'GET /api/v1/networks': { access: 'anyone' },
  'POST /api/v1/networks': { access: 'make', query: 'dryRun=true', body: () => ({ name: 'never-made' }) },
  'GET /api/v1/networks/{name}': { access: 'look' },
  'POST /api/v1/networks/{name}/connect': { access: 'change', body: ({ container }) => ({ container }) },
  'POST /api/v1/networks/{name}/disconnect': { access: 'change', body: ({ container }) => ({ container }) },
  'DELETE /api/v1/networks/{name}': { access: 'change' },

  'GET /api/v1/labs': { access: 'anyone' },
  'GET /api/v1/labs/schema.json': { access: 'open' },
  'GET /api/v1/labs/{name}': { access: 'look' },
  'POST /api/v1/labs/{name}/check': { access: 'look' },
  'POST /api/v1/labs/{name}/plan': { access: 'claim', body: () => labFile },
  'PUT /api/v1/labs/{name}': { access: 'claim', body: () => labFile },
  'POST /api/v1/labs/{name}/extend': { access: 'change', body: () => ({ ttl: '1s' }) },
  // Whether somebody's lab is being changed is nothing to know either: it answers as for one that is not.
  'POST /api/v1/labs/{name}/cancel': { access: 'change' },
  'DELETE /api/v1/labs/{name}': { access: 'change' },
};

/** The path of a route about what somebody has. */
export function fillPath(route: string, its: Belongings): { method: string; path: string } {
  const [method = '', url = ''] = route.split(' ');
  const path = url
    .replace('/containers/{id}', `/containers/${its.container}`)
    .replace('/namespaces/{id}', `/namespaces/${encodeURIComponent(its.namespace)}`)
    .replace('/networks/{name}', `/networks/${its.network}`)
    .replace('/labs/{name}', `/labs/${its.lab}`)
    .replace('/engines/{name}', '/engines/local')
    .replace('/lessons/{name}', '/lessons/closed')
    .replace('{port}', '80')
    .replace('{protocol}', 'tcp');
  return { method, path };
}
