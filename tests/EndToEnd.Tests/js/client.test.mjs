// The official OpenAI JavaScript client against a running server. BASE_URL and MODEL come from the environment.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const { BASE_URL: baseURL, MODEL: model } = process.env;
assert.ok(baseURL && model, "set BASE_URL (with /v1) and MODEL");

const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0, timeout: 120_000 });
const user = (content) => ({ role: "user", content });
const japan = [user("What is the capital of Japan?")];
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Get the current weather of a city.",
    parameters: { type: "object", properties: { city: { type: "string", description: "The city." } }, required: ["city"] },
  },
};

const ask = (body) => client.chat.completions.create({ model, temperature: 0, ...body });

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
  }

  const choices = chunks.flatMap((chunk) => chunk.choices);
  return {
    chunks,
    text: choices.map((choice) => choice.delta.content ?? "").join(""),
    finish: choices.map((choice) => choice.finish_reason).filter(Boolean),
  };
}

async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }

  assert.fail("the request was served");
}

test("the model is listed", async () => {
  const ids = [];
  for await (const one of client.models.list()) {
    ids.push(one.id);
  }

  assert.ok(ids.includes(model), `${model} is not in ${ids}`);
  assert.equal((await client.models.retrieve(model)).id, model);
});

test("a question is answered, with usage", async () => {
  const { data: answer, request_id: requestId } = await ask({ messages: japan }).withResponse();
  assert.match(answer.choices[0].message.content, /Tokyo/);
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.equal(answer.object, "chat.completion");
  assert.ok(answer.usage.prompt_tokens > 0);
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  assert.equal(typeof answer.usage.prompt_tokens_details.cached_tokens, "number");
  assert.equal(typeof answer.usage.completion_tokens_details.reasoning_tokens, "number");
  assert.ok(requestId, "no x-request-id");
});

test("a stream equals the unstreamed answer, and ends with usage", async () => {
  const body = { messages: [user("Tell me a story about Mia, a fox.")], max_tokens: 60 };
  const whole = await ask(body);
  const { chunks, text, finish } = await collect(await ask({ ...body, stream: true, stream_options: { include_usage: true } }));
  assert.equal(text, whole.choices[0].message.content);
  assert.deepEqual(finish, [whole.choices[0].finish_reason]);
  assert.equal(chunks[0].choices[0].delta.role, "assistant");
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.equal(chunks.at(-1).usage.completion_tokens, whole.usage.completion_tokens);
});

test("the streaming helper assembles the same message", async () => {
  const message = await client.chat.completions.stream({ model, temperature: 0, messages: japan }).finalMessage();
  assert.equal(message.role, "assistant");
  assert.equal(message.content, (await ask({ messages: japan })).choices[0].message.content);
});

test("a conversation remembers its earlier turns", async () => {
  const answer = await ask({
    messages: [user("My favourite colour is green."), { role: "assistant", content: "I will remember that you like green." }, user("What is my favourite colour?")],
  });
  assert.match(answer.choices[0].message.content, /green/);
});

test("a stop string ends the answer and is not in it", async () => {
  const full = (await ask({ messages: japan })).choices[0].message.content;
  const stop = full.slice(4, 8);
  const answer = await ask({ messages: japan, stop: [stop] });
  assert.equal(answer.choices[0].message.content, full.slice(0, full.indexOf(stop)));
  assert.equal(answer.choices[0].finish_reason, "stop");
});

test("max_completion_tokens cuts the answer", async () => {
  const answer = await ask({ messages: [user("Tell me a story about Mia, a fox.")], max_completion_tokens: 3 });
  assert.equal(answer.choices[0].finish_reason, "length");
  assert.equal(answer.usage.completion_tokens, 3);
});

test("log probabilities make the text, most probable first", async () => {
  const answer = await ask({ messages: japan, logprobs: true, top_logprobs: 3 });
  const tokens = answer.choices[0].logprobs.content;
  const text = Buffer.from(tokens.flatMap((token) => token.bytes)).toString("utf8");
  assert.ok(text.startsWith(answer.choices[0].message.content), `${text} is not ${answer.choices[0].message.content}`);
  for (const token of tokens) {
    assert.ok(token.logprob <= 0);
    assert.equal(token.top_logprobs.length, 3);
    assert.equal(token.top_logprobs[0].logprob, Math.max(...token.top_logprobs.map((top) => top.logprob)));
  }
});

test("several answers have their own index", async () => {
  const answer = await client.chat.completions.create({ model, messages: japan, n: 3, temperature: 1, seed: 5, max_tokens: 8 });
  assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1, 2]);
});

test("a tool is called, streamed or not", async () => {
  const body = { messages: [user("What is the weather in Oslo?")], tools: [weather] };
  const whole = (await ask(body)).choices[0];
  assert.equal(whole.finish_reason, "tool_calls");
  assert.equal(whole.message.tool_calls[0].function.name, "get_weather");
  assert.equal(JSON.parse(whole.message.tool_calls[0].function.arguments).city, "Oslo");

  const streamed = await client.chat.completions.stream({ model, temperature: 0, ...body }).finalMessage();
  assert.deepEqual(streamed.tool_calls.map((call) => call.function.arguments), whole.message.tool_calls.map((call) => call.function.arguments));
});

test("a completion continues text, streamed or not", async () => {
  const body = { model, prompt: "The capital of Japan is", max_tokens: 4, temperature: 0 };
  const whole = await client.completions.create(body);
  let text = "";
  for await (const chunk of await client.completions.create({ ...body, stream: true })) {
    text += chunk.choices[0]?.text ?? "";
  }

  assert.equal(whole.object, "text_completion");
  assert.equal(text, whole.choices[0].text);
});

test("an unknown model is a NotFoundError with its code", async () => {
  const error = await rejection(client.chat.completions.create({ model: "no-such-model", messages: japan }));
  assert.ok(error instanceof OpenAI.NotFoundError, `${error}`);
  assert.equal(error.code, "model_not_found");
  assert.match(error.message, /no-such-model/);
});

for (const [name, body, param] of [
  ["no messages", { messages: [] }, "messages"],
  ["a wrong role", { messages: [{ role: "emperor", content: "x" }] }, "messages[0].role"],
  ["a temperature below 0", { messages: japan, temperature: -1 }, "temperature"],
  ["no answers", { messages: japan, n: 0 }, "n"],
  ["a stream of no messages", { messages: [], stream: true }, "messages"],
]) {
  test(`${name}: a BadRequestError that names the field`, async () => {
    const error = await rejection(ask(body));
    assert.ok(error instanceof OpenAI.BadRequestError, `${error}`);
    assert.equal(error.status, 400);
    assert.equal(error.code, "invalid_value");
    assert.equal(error.param, param);
    assert.equal(error.type, "invalid_request_error");
    assert.ok(error.message.includes(param), error.message);
  });
}

test("too long a prompt is a BadRequestError with context_length_exceeded", async () => {
  const error = await rejection(ask({ messages: [user("kettle ".repeat(200_000))] }));
  assert.ok(error instanceof OpenAI.BadRequestError, `${error}`);
  assert.equal(error.code, "context_length_exceeded");
});

test("an aborted stream ends, and the server goes on", async () => {
  const stream = await ask({ messages: [user("Tell me a story about Mia, a fox.")], stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) {
      stream.controller.abort();
      break;
    }
  }

  assert.match((await ask({ messages: japan })).choices[0].message.content, /Tokyo/);
});

test("a response is created, gone on with, and read again", async () => {
  const first = await client.responses.create({ model, temperature: 0, input: "My favourite colour is green." });
  assert.equal(first.status, "completed");
  assert.equal(first.object, "response");
  assert.ok(first.usage.output_tokens > 0);
  const second = await client.responses.create({ model, temperature: 0, previous_response_id: first.id, input: [user("What is my favourite colour?")] });
  assert.match(second.output_text, /green/);
  const again = await client.responses.retrieve(second.id);
  assert.deepEqual(again.output, second.output);
  await client.responses.delete(first.id);
  assert.equal((await rejection(client.responses.retrieve(first.id))).status, 404);
});

test("a response streams typed events, and a stream is taken up where it was left", async () => {
  const body = { model, temperature: 0, input: "Tell me a story about Mia, a fox.", max_output_tokens: 60 };
  const events = [];
  for await (const event of await client.responses.create({ ...body, stream: true, background: true })) {
    events.push(event);
  }

  assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, i) => i));
  assert.equal(events[0].type, "response.created");
  const text = events.filter((event) => event.type === "response.output_text.delta").map((event) => event.delta).join("");
  const end = events.at(-1).response;
  assert.equal(text, end.output[0].content[0].text);
  assert.equal(end.status, events.at(-1).type === "response.completed" ? "completed" : "incomplete");

  const rest = [];
  for await (const event of await client.responses.retrieve(end.id, { stream: true, starting_after: 5 })) {
    rest.push(event);
  }

  assert.deepEqual(rest, events.slice(6));
});

test("a background response runs by itself and can be cancelled", async () => {
  let response = await client.responses.create({ model, temperature: 0, input: "What is the capital of Japan?", background: true });
  assert.ok(["queued", "in_progress"].includes(response.status), response.status);
  while (["queued", "in_progress"].includes(response.status)) {
    response = await client.responses.retrieve(response.id);
  }

  assert.match(response.output[0].content[0].text, /Tokyo/);
  assert.equal((await client.responses.cancel(response.id)).status, "completed");
});

test("a response calls a tool", async () => {
  const tools = [{ type: "function", ...weather.function }];
  const asked = await client.responses.create({ model, temperature: 0, tools, tool_choice: "required", input: "What is the weather in Oslo?" });
  const call = asked.output.find((item) => item.type === "function_call");
  assert.equal(call.name, "get_weather");
  assert.equal(JSON.parse(call.arguments).city, "Oslo");
});

test("a retry with the same key is the same answer", async () => {
  const options = { headers: { "Idempotency-Key": `test-${Date.now()}` } };
  const body = { model, temperature: 1, messages: [user("Tell me a story about Mia, a fox.")], max_tokens: 40 };
  const first = await client.chat.completions.create(body, options);
  const retry = await client.chat.completions.create(body, options);
  assert.deepEqual(retry, first);
  assert.equal((await rejection(client.chat.completions.create({ ...body, max_tokens: 41 }, options))).status, 409);
});
