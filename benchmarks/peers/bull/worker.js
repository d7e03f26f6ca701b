// The worker: takes jobs from Bull and asks the provider, many at a time.
'use strict';

const { Agent, request } = require('undici');
const { openQueue } = require('./queue');

const concurrency = Number(process.env.CONCURRENCY ?? 512);
const upstream = `${process.env.UPSTREAM_URL ?? 'http://127.0.0.1:8000/v1'}/chat/completions`;
const agent = new Agent({ connections: concurrency, pipelining: 1, keepAliveTimeout: 60_000 });
const headers = { 'content-type': 'application/json', authorization: 'Bearer benchmark' };
const queue = openQueue();

async function complete(prompt) {
  const { statusCode, body } = await request(upstream, {
    method: 'POST',
    dispatcher: agent,
    headers,
    body: JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: prompt }] }),
  });
  const answer = await body.json();
  if (statusCode !== 200) {
    throw new Error(`upstream answered ${statusCode}`);
  }
  return { text: answer.choices[0].message.content, usage: answer.usage };
}

queue.process(concurrency, async (job) => ({ user: job.data.user, result: await complete(job.data.prompt) }));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => process.exit(0));
}
