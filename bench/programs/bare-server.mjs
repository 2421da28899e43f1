// The least that a WebSocket server can be: ws on plain node:http, nothing of ours, not even a compiler in the process. It says to each client what it was
// told to say first, and to all what its parent tells it, with the present time in the place of the frame's. What is said to it: bench/bare-server.ts.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const server = createServer((_request, response) => response.writeHead(404).end());
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
let greeting = [];

sockets.on('connection', (socket) => {
  for (const frame of greeting) socket.send(frame, { binary: false });
});

process.on('message', (message) => {
  if (message.do === 'greet') greeting = message.frames.map((frame) => Buffer.from(frame));
  else broadcast(message.frame);
});
process.on('disconnect', () => process.exit());

server.listen(0, '127.0.0.1', () => process.send({ tell: 'listening', port: server.address().port }));

function broadcast(frame) {
  const bytes = Buffer.from(frame.replace(/"at":"[^"]*"/, `"at":"${new Date().toISOString()}"`));
  for (const socket of sockets.clients) socket.send(bytes, { binary: false });
}
