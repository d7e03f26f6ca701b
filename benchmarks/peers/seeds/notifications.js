// The message service: users join their room, services say what is to be told to whom.
'use strict';

const http = require('node:http');
const { Server } = require('socket.io');

const server = http.createServer();
const io = new Server(server);

io.on('connection', (socket) => {
  socket.on('join', (user, acknowledge) => {
    socket.join(user);
    acknowledge?.();
  });
  socket.on('notify', ({ user, ...message }) => io.to(user).emit('notification', message));
});

server.listen(Number(process.env.PORT ?? 3001), '127.0.0.1');

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => process.exit(0));
}
