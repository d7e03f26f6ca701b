// The queue as both processes open it.
'use strict';

const Queue = require('bull');

function openQueue() {
  return new Queue('generator', process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', {
    defaultJobOptions: {
      attempts: 3,
      // Finished jobs leave Redis at once: keeping them costs the peer time and memory and nobody reads them.
      removeOnComplete: true,
    },
  });
}

module.exports = { openQueue };
