using System.Text.Json.Nodes;

namespace XLLM.Chaos.Tests;

/// <summary>One request of the load. Its answer is a function of it alone (decision D2), so what a disturbed run must say is what an undisturbed one said.</summary>
/// <param name="Number">Which.</param>
/// <param name="Body">The body of a streaming chat request.</param>
internal sealed record StreamCase(int Number, JsonObject Body)
{
    private const string Weather = """
        [{"type":"function","function":{"name":"get_weather","description":"Get the current weather of a city.",
          "parameters":{"type":"object","properties":{"city":{"type":"string","description":"The city."}},"required":["city"]}}}]
        """;

    private static readonly string[] Openings =
    [
        "Tell me a short story about a fox named Ruby.", "Tell me a short story about a cat named Milo.", "What is the capital of Japan?", "What is a silo?", "Count from 1 to 30.",
        "What is a KV cache?", "Tell me a short story about a dog named Max.", "Repeat after me: red green blue yellow black white", "What is a mixture of experts?", "What is 17 + 25?",
    ];

    /// <summary>Draws the cases: long and short, greedy and drawn, with penalties, log probabilities, stop strings and tool calls.</summary>
    public static StreamCase[] Draw(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(number =>
        {
            var body = new JsonObject
            {
                ["model"] = "xllm-demo",
                ["stream"] = true,
                ["stream_options"] = new JsonObject { ["include_usage"] = true },
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = Openings[random.Next(Openings.Length)] }),
                ["logprobs"] = true,
                ["max_tokens"] = random.Next(24, 120),
                ["min_tokens"] = 16,
            };
            if (random.Next(3) > 0)
            {
                (body["temperature"], body["seed"], body["top_p"]) = (0.9, random.Next(), 0.95);
            }
            else
            {
                body["temperature"] = 0;
            }

            if (random.Next(2) == 0)
            {
                (body["presence_penalty"], body["frequency_penalty"], body["repetition_penalty"]) = (0.4, 0.3, 1.1);
            }

            if (random.Next(4) == 0)
            {
                body["stop"] = new JsonArray("zebra", "the end");
            }

            if (random.Next(5) == 0)
            {
                // The parser of tool calls is in the middle of a call when the silo goes.
                body["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "What is the weather in Oslo?" });
                body["tools"] = JsonNode.Parse(Weather);
                body["tool_choice"] = "required";
            }

            return new StreamCase(number, body);
        })];
    }
}
