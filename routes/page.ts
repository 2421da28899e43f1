// The dashboard and the API's documentation: files that anyone may load, none of which holds anything secret. A closed list, and for what the build
// names the names that it gave: no path of a request ever becomes a path of a file.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { Type } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { projectRoot } from '../src/project-root.ts';
import { errorKinds } from '../src/schemas/error-codes.ts';
import type { Routes } from './route.ts';

const html = 'text/html; charset=utf-8';
const css = 'text/css; charset=utf-8';
const javascript = 'text/javascript; charset=utf-8';

/** URL, file under web/docs/, media type. */
const ownFiles = [
  ['/docs', 'docs.html', html],
  ['/assets/docs.css', 'docs.css', css],
  ['/assets/docs.js', 'docs.js', javascript],
  ['/assets/favicon.svg', 'favicon.svg', 'image/svg+xml'],
] as const;

/** The same of Swagger UI. */
const swaggerFiles = [
  ['/docs/swagger-ui.css', 'swagger-ui.css', css],
  ['/docs/swagger-ui-bundle.js', 'swagger-ui-bundle.js', javascript],
] as const;

/** What the build makes of web/. */
const built = join(projectRoot, 'dist', 'web');
const builtTypes: Readonly<Record<string, string>> = {
  '.js': javascript,
  '.css': css,
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Encodings of the compressed files beside a built one, the smallest first. */
const encodings = [
  ['br', 'br'],
  ['gzip', 'gz'],
] as const;

const options = { config: { access: 'open' }, schema: { hide: true } } as const;

export const pageRoutes: Routes = async (app) => {
  for (const [url, file, type] of ownFiles)
    serve(app, url, type, () => readFile(join(projectRoot, 'web', 'docs', file)));

  // Only its files are used: its Fastify plugin would cost memory on every server, also where nobody reads the documentation.
  const swaggerUi = createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json');
  for (const [url, file, type] of swaggerFiles)
    serve(app, url, type, () => readFile(join(swaggerUi, '..', 'static', file)));

  serve(app, '/docs/errors', html, async () => Buffer.from(renderErrors()));

  for (const url of ['/', '/login'])
    serve(app, url, html, () => readFile(join(built, 'index.html')).catch(explainAbsence));
  serveAssets(app);
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

/** Files whose names hold a hash of their content: whoever has one never asks for it again. */
function serveAssets(app: FastifyInstance): void {
  const params = Type.Object({ file: Type.String({ maxLength: 128 }) });
  app.get('/assets/:file', { ...options, schema: { hide: true, params } }, async (request, reply) => {
    const folder = join(built, 'assets');
    const names = await readdir(folder).catch((): string[] => []);
    const { file } = request.params as { file: string };
    const name = names.find((one) => one === file);
    const type = name === undefined ? undefined : builtTypes[extname(name)];
    if (name === undefined || type === undefined) return reply.callNotFound();
    reply.headers({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'accept-encoding' });
    const accepted = String(request.headers['accept-encoding'] ?? '');
    const packed = encodings.find(
      ([encoding, ending]) =>
        new RegExp(`\\b${encoding}\\b(?!;q=0(?:[,;]|$))`).test(accepted) && names.includes(`${name}.${ending}`),
    );
    if (packed !== undefined) reply.header('content-encoding', packed[0]);
    return sendFile(reply, type, join(folder, packed === undefined ? name : `${name}.${packed[1]}`));
  });
}

async function sendFile(reply: FastifyReply, type: string, file: string): Promise<FastifyReply> {
  return reply.type(type).send(await readFile(file));
}

/** A tree that was not built still has an API; whoever opens the page is told what is missing. */
async function explainAbsence(): Promise<Buffer> {
  return Buffer.from(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Terrarium</title><link rel="icon" href="/assets/favicon.svg"><link rel="stylesheet" href="/assets/docs.css"></head>
<body><main><h1>Terrarium</h1><p>The dashboard is not built: <code>npm run build</code>. <a href="/docs">The API</a> is here.</p></main></body></html>`);
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
