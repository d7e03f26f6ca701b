// The frontend: Express checks the token, puts the job into Bull's queue and answers at once.
'use strict';

const express = require('express');
const Queue = require('bull');
const { readJwt } = require('./read_jwt');

const queue = new Queue('Grok_Text_Generator', {
  redis: { host: process.env.REDIS_HOST ?? '127.0.0.1', port: Number(process.env.REDIS_PORT ?? 6379) },
});

async function grokTextGenerator(request, response) {
  const { prompt } = request.body ?? {};
  if (typeof prompt !== 'string' || prompt === '') {
    response.status(400).json({ error: 'prompt is required' });
    return;
  }
  const job = await queue.add({ Prompt: prompt, Token: request.token, Id: request.user.id });
  response.status(202).json({ generation_id: String(job.id), status: 'queued', message: 'Please wait a moment' });
}

const generators = express.Router();
generators.post('/Grok_Text_Generator', readJwt, grokTextGenerator);

const app = express();
app.use(express.json());
app.get('/health', (_request, response) => response.json({ status: 'ok' }));
app.use('/api/router_generator', generators);

queue.isReady().then(() => app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1'));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => process.exit(0));
}
