// The common calls of OpenAI's own client for Node.js against one generator; what came of them as one line of JSON on standard output.
//
//   node client.js BASE_URL

import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'any', maxRetries: 0, timeout: 30_000 });
const messages = [{ role: 'user', content: 'one two three' }];

async function streamed(options) {
  const stream = await client.chat.completions.create({ model: 'm', messages, stream: true, ...options });
  const texts = [];
  let usage = null;
  for await (const chunk of stream) {
    usage = chunk.usage ?? usage;
    for (const choice of chunk.choices) texts[choice.index] = (texts[choice.index] ?? '') + (choice.delta.content ?? '');
  }
  return { texts, usage };
}

async function refused(call) {
  try {
    await call();
  } catch (error) {
    return { kind: error.constructor.name, status: error.status, code: error.code, param: error.param, request: Boolean(error.requestID) };
  }
  return null;
}

const whole = await client.chat.completions.create({ model: 'm', messages, n: 2, seed: 1 });
const stopped = await client.chat.completions.create({ model: 'm', messages, stop: ['three'] });
const runner = client.chat.completions.stream({ model: 'm', messages });
const aborted = new AbortController();
const left = await client.chat.completions.create({ model: 'm', messages, stream: true }, { signal: aborted.signal });
aborted.abort();

console.log(
  JSON.stringify({
    whole: whole.choices.map((choice) => [choice.index, choice.message.content, choice.finish_reason]),
    model: whole.model,
    stopped: stopped.choices[0].message.content,
    plain: await streamed({}),
    with_usage: await streamed({ n: 2, stream_options: { include_usage: true } }),
    helper: await runner.finalContent(),
    completion: (await client.completions.create({ model: 'm', prompt: 'one two' })).choices[0].text,
    models: (await client.models.list()).data.map((model) => model.id),
    left: left.controller.signal.aborted,
    tools: await refused(() => client.chat.completions.create({ model: 'm', messages, tools: [{ type: 'function', function: { name: 'f' } }] })),
    absent: await refused(() => client.models.retrieve('gpt-4o')),
    drawn: await refused(() => client.images.generate({ model: 'm', prompt: 'x' })),
  }),
);
