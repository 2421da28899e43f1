// The image's health check: is the server of this container ready? It needs no curl.
import process from 'node:process';

const url = `http://127.0.0.1:${process.env.TERRARIUM_PORT || 4242}/readyz`;
try {
  const { status } = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  console.log(`${url} answers ${status}`);
  process.exitCode = status === 200 ? 0 : 1;
} catch (error) {
  console.log(`${url} does not answer: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
