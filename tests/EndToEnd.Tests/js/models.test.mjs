// The official OpenAI JavaScript client against a running server with models for other tasks. BASE_URL, EMBED_MODEL, VISION_MODEL and PICTURE come from the environment.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import OpenAI from "openai";

const { BASE_URL: baseURL, EMBED_MODEL: embedModel, VISION_MODEL: visionModel, PICTURE: picture } = process.env;
assert.ok(baseURL && embedModel && visionModel && picture, "set BASE_URL (with /v1), EMBED_MODEL, VISION_MODEL and PICTURE (a PNG file)");

const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0, timeout: 120_000 });
const length = (vector) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
const image = (url, detail) => ({ type: "image_url", image_url: { url, detail } });
const dataUrl = `data:image/png;base64,${readFileSync(picture).toString("base64")}`;
const ask = (content) => client.chat.completions.create({ model: visionModel, temperature: 0, max_tokens: 40, messages: [{ role: "user", content }] });

async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }

  assert.fail("the request was served");
}

test("embeddings come as base64 by default, and equal those asked for as floats", async () => {
  const input = ["What is the capital of Japan?", "A kettle costs 30."];
  const byDefault = await client.embeddings.create({ model: embedModel, input });
  const floats = await client.embeddings.create({ model: embedModel, input, encoding_format: "float" });
  assert.equal(byDefault.object, "list");
  assert.deepEqual(byDefault.data.map((one) => one.index), [0, 1]);
  assert.ok(byDefault.usage.prompt_tokens > 0 && byDefault.usage.total_tokens === byDefault.usage.prompt_tokens);
  for (const [i, one] of byDefault.data.entries()) {
    assert.ok(Math.abs(length(one.embedding) - 1) < 1e-5, `length ${length(one.embedding)}`);
    assert.deepEqual(one.embedding.map(Math.fround), floats.data[i].embedding.map(Math.fround));
  }
});

test("dimensions are cut and scaled to length one", async () => {
  const { data } = await client.embeddings.create({ model: embedModel, input: "kettle", dimensions: 16 });
  assert.equal(data[0].embedding.length, 16);
  assert.ok(Math.abs(length(data[0].embedding) - 1) < 1e-5);
});

test("a model that does not embed is a BadRequestError that names the field", async () => {
  const error = await rejection(client.embeddings.create({ model: visionModel, input: "x" }));
  assert.ok(error instanceof OpenAI.BadRequestError, `${error}`);
  assert.equal(error.param, "model");
  assert.match(error.message, /does not make embeddings/);
});

test("a picture is read", async () => {
  const answer = await ask([image(dataUrl, "auto"), { type: "text", text: "Which digit do you see?" }]);
  assert.equal(answer.choices[0].message.content, "The digit is 9.");
});

test("a picture behind a link is refused, since nothing is fetched", async () => {
  const error = await rejection(ask([image("https://example.com/cat.png")]));
  assert.ok(error instanceof OpenAI.BadRequestError, `${error}`);
  assert.equal(error.code, "unsupported_parameter");
  assert.equal(error.param, "messages[0].content[0].image_url.url");
});
