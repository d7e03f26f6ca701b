// Socket.IO's own client for JavaScript listens to a user's events, through whatever happens to the server; what it heard, as lines of
// JSON on standard output. A line `end` on standard input ends it.
//
//   node client.js URL TOKEN TRANSPORT [JOB]

import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';

const [url, token, transport, job] = process.argv.slice(2);
const say = (line) => console.log(JSON.stringify(line));
let lastEventId;

const socket = io(url, {
  auth: (send) => send({ token, lastEventId }),
  transports: transport === 'both' ? ['polling', 'websocket'] : [transport],
  reconnectionDelay: 100,
  reconnectionDelayMax: 500,
});

socket.on('ready', (ready) => {
  lastEventId ??= ready.lastEventId;
  say({ ready: ready.room, transport: socket.io.engine.transport.name });
  if (job) socket.emit('subscribe', { job }, (answer) => say({ subscribed: answer }));
});
socket.on('connect_error', (error) => say({ refused: error.data ?? error.message }));
socket.on('disconnect', (reason) => say({ disconnected: reason }));
socket.onAny((event, body) => {
  if (!event.startsWith('job.')) return;
  lastEventId = body.id;
  say({ event, number: body.data.n, job: body.job });
});

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'end') socket.close(), process.exit(0);
});
