// The front door: Express takes the request, Bull keeps the job, socket.io tells the user.
// What was tried and left out is written in README.md beside this file.
'use strict';

const http = require('node:http');
const express = require('express');
const { Server } = require('socket.io');
const { openQueue } = require('./queue');

const app = express();
// Not set by default in Express, but a stack that is tuned has them: no ETag hashing, no banner header.
app.disable('etag');
app.disable('x-powered-by');
app.use(express.json({ limit: '1mb' }));

const server = http.createServer(app);
const io = new Server(server, { perMessageDeflate: false, serveClient: false });
const queue = openQueue();

app.get('/health', (_request, response) => response.json({ status: 'ok' }));

app.post('/api/generate', async (request, response, next) => {
  const { prompt, user } = request.body ?? {};
  if (typeof prompt !== 'string' || prompt === '') {
    response.status(400).json({ error: 'prompt is required' });
    return;
  }
  try {
    const job = await queue.add({ prompt, user: user ?? 'anonymous' });
    response.status(202).json({ generation_id: String(job.id), status: 'queued', message: 'Please wait a moment' });
  } catch (error) {
    next(error);
  }
});

io.on('connection', (socket) => {
  socket.on('join', (user, acknowledge) => {
    socket.join(`user:${user}`);
    acknowledge?.();
  });
});

// Bull publishes the return value with the completion, so the user and the result need no second read.
queue.on('global:completed', (id, value) => {
  const { user, result } = JSON.parse(value);
  io.to(`user:${user}`).emit('notification', { generation_id: id, status: 'completed', result });
});

queue.on('global:failed', async (id, reason) => {
  const job = await queue.getJob(id);
  if (job) {
    io.to(`user:${job.data.user}`).emit('notification', { generation_id: id, status: 'failed', error: reason });
  }
});

queue.isReady().then(() => server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1'));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => process.exit(0));
}
