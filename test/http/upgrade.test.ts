// Clients that offer an upgrade to something that is no WebSocket, as Java's HttpClient does by default: they are told the way out, body or not.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startApp } from '../support/app.ts';
import { sendBytes } from '../support/raw-http.ts';

test('an upgrade to HTTP/2 is refused in words, and the connection closed', async (t) => {
  const { url, token } = await startApp(t);
  const head = (line: string) =>
    `${line} HTTP/1.1\r\nHost: ${new URL(url).host}\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`;
  for (const request of [
    `${head('GET /api/v1/engines')}\r\n`,
    `${head('GET /api/v1/containers/nothing-here/netstat')}\r\n`,
    `${head('POST /api/v1/containers/closed')}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
  ]) {
    const answer = await sendBytes(url, request);
    assert.match(answer, /^HTTP\/1\.1 400 /, request);
    const { code, detail, hint } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    assert.equal(code, 'invalid_request');
    assert.equal(detail, 'Nothing here is upgraded to "h2c"');
    assert.match(hint, /HTTP\/1\.1/);
  }
});
