// The page and the API's documentation: files that anyone may load, none of which holds anything secret. A closed list, so no path of a request
// ever becomes a path of a file.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { projectRoot } from '../src/project-root.ts';
import { errorKinds } from '../src/schemas/error-codes.ts';
import type { Routes } from './route.ts';

const html = 'text/html; charset=utf-8';
const css = 'text/css; charset=utf-8';
const javascript = 'text/javascript; charset=utf-8';

/** URL, file under web/, media type. */
const ownFiles = [
  ['/', 'index.html', html],
  ['/login', 'index.html', html],
  ['/docs', 'docs.html', html],
  ['/assets/page.css', 'page.css', css],
  ['/assets/docs.css', 'docs.css', css],
  ['/assets/page.js', 'page.js', javascript],
  ['/assets/docs.js', 'docs.js', javascript],
  ['/assets/session.js', 'session.js', javascript],
  ['/assets/favicon.svg', 'favicon.svg', 'image/svg+xml'],
] as const;

/** The same of Swagger UI. */
const swaggerFiles = [
  ['/docs/swagger-ui.css', 'swagger-ui.css', css],
  ['/docs/swagger-ui-bundle.js', 'swagger-ui-bundle.js', javascript],
] as const;

const options = { config: { access: 'open' }, schema: { hide: true } } as const;

export const pageRoutes: Routes = async (app) => {
  for (const [url, file, type] of ownFiles) serve(app, url, type, () => readFile(join(projectRoot, 'web', file)));

  // Only its files are used: its Fastify plugin would cost memory on every server, also where nobody reads the documentation.
  const swaggerUi = createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json');
  for (const [url, file, type] of swaggerFiles)
    serve(app, url, type, () => readFile(join(swaggerUi, '..', 'static', file)));

  serve(app, '/docs/errors', html, async () => Buffer.from(renderErrors()));
};

/** Small files, asked for by people: read for each request, so that nothing is kept in memory. */
function serve(app: FastifyInstance, url: string, type: string, read: () => Promise<Buffer>): void {
  app.get(url, options, async (request, reply) => {
    const content = await read();
    const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
    reply.headers({ etag, 'cache-control': 'no-cache' });
    return request.headers['if-none-match'] === etag ? reply.status(304).send() : reply.type(type).send(content);
  });
}

/** What the `type` of a problem document leads to. */
function renderErrors(): string {
  const rows = Object.entries(errorKinds)
    .map(
      ([code, { status, close, title }]) =>
        `<tr id="${code}"><th scope="row"><code>${code}</code></th><td>${status}</td><td>${close}</td><td>${title}</td></tr>`,
    )
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Terrarium errors</title><link rel="icon" href="/assets/favicon.svg"><link rel="stylesheet" href="/assets/docs.css"></head>
<body><main><h1>Errors</h1>
<p>Every refusal is a problem document (RFC 9457) with one of these codes; on a WebSocket it is an error frame and a close code.</p>
<table><thead><tr><th scope="col">Code</th><th scope="col">HTTP</th><th scope="col">WebSocket</th><th scope="col">Meaning</th></tr></thead>
<tbody>
${rows}
</tbody></table></main></body></html>`;
}
