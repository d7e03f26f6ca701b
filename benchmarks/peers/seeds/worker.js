// The generator service: takes jobs from Bull's queue, asks the provider, and hands the result to the notification service.
'use strict';

const http = require('node:http');
const axios = require('axios');
const Queue = require('bull');
const { io } = require('socket.io-client');

const concurrency = Number(process.env.CONCURRENCY ?? 512);

const grok = axios.create({
  baseURL: process.env.UPSTREAM_URL ?? 'http://127.0.0.1:8000/v1',
  headers: { Authorization: `Bearer ${process.env.GROK_API_KEY ?? 'benchmark'}` },
  httpAgent: new http.Agent({ keepAlive: true, maxSockets: concurrency, maxFreeSockets: concurrency }),
});

const notifications = io(process.env.NOTIFICATIONS_URL ?? 'http://127.0.0.1:3001');

const queue = new Queue('Grok_Text_Generator', {
  redis: { host: process.env.REDIS_HOST ?? '127.0.0.1', port: Number(process.env.REDIS_PORT ?? 6379) },
});

async function generate(prompt) {
  const { data } = await grok.post('/chat/completions', { model: 'bench', messages: [{ role: 'user', content: prompt }] });
  return { text: data.choices[0].message.content, usage: data.usage };
}

queue.process(concurrency, async (job) => {
  const { Prompt: prompt, Id: user } = job.data;
  try {
    const result = await generate(prompt);
    notifications.emit('notify', { user, generation_id: String(job.id), status: 'completed', result });
    return result;
  } catch (error) {
    notifications.emit('notify', { user, generation_id: String(job.id), status: 'failed', error: error.message });
    throw error;
  }
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => process.exit(0));
}
