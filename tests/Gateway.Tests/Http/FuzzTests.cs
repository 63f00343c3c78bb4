using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.Tests.Hosting;

namespace XLLM.Gateway.Tests.Http;

/// <summary>Random damage to good bodies: an answer or a clear 4xx, never a fault of ours.</summary>
public sealed class FuzzTests
{
    private static readonly string[] Good =
    [
        """
        {"model":"tiny","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"hi \u00e9"}]},
        {"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"r"}],
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":{"type":"function","function":{"name":"f"}},
        "temperature":0.5,"top_p":0.5,"n":2,"stop":["a","b"],"seed":3,"logit_bias":{"3":1},"logprobs":true,"top_logprobs":2,"stream":false,"chat_template_kwargs":{"a":1},
        "max_tokens":5,"max_completion_tokens":4,"min_tokens":1,"reasoning_effort":"low","response_format":{"type":"text"}}
        """,
        """{"model":"tiny","prompt":["one",[1,2,3]],"n":2,"echo":false,"logprobs":2,"stop":"x","stream":false,"stop_token_ids":[1],"logit_bias":{"3":1},"max_tokens":4}""",
    ];

    private static readonly string[] Pieces =
        ["null", "-1", "0", "1e308", "1e999", "99999999999999999999", "\"\"", "\"\\ud800\"", "[]", "{}", "[[[]]]", "true", "{\"a\":{\"a\":1,\"a\":2}}", ",", "}", "]", "\"", "\\", "\0", "\u00e9", ":"];

    private const string Mark = "the value to replace";

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 10)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ADamagedBody_IsParsedOrRefused(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 2000; round++)
        {
            var body = Damage(Good[round % 2], random);
            try
            {
                using var document = JsonBody.Parse(body);
                var faults = round % 2 == 0
                    ? RequestParser.Chat(document.RootElement, "r", new()).Faults
                    : RequestParser.Completion(document.RootElement, "r", new()).Faults;
                Assert.All(faults, fault => Assert.Equal(400, ErrorMapping.Table[fault.Code].Status));
            }
            catch (ApiException refused)
            {
                Assert.Equal(400, refused.Error.Status);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ADamagedBody_OverHttp_NeverMakesA5xx(int seed)
    {
        await using var host = await GatewayHost.StartAsync();
        var random = new Random(seed);
        for (var round = 0; round < 500; round++)
        {
            using var content = new ByteArrayContent(Damage(Good[round % 2], random)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var response = await host.Http.PostAsync(new Uri(round % 2 == 0 ? "/v1/chat/completions" : "/v1/completions", UriKind.Relative), content, TestContext.Current.CancellationToken);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                await GatewayHost.ErrorAsync(response, response.StatusCode == HttpStatusCode.NotFound ? 404 : 400);
            }
        }
    }

    private static byte[] Damage(string good, Random random)
    {
        if (random.Next(2) == 0)
        {
            return Encoding.UTF8.GetBytes(Replace(JsonNode.Parse(good)!, random).ToJsonString().Replace($"\"{Mark}\"", Pieces[random.Next(Pieces.Length)], StringComparison.Ordinal));
        }

        var text = new StringBuilder(good);
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(text.Length);
            text.Remove(at, Math.Min(random.Next(4), text.Length - at)).Insert(at, Pieces[random.Next(Pieces.Length)]);
        }

        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        if (random.Next(8) == 0)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }

    /// <summary>Puts a mark in the place of one value, however deep.</summary>
    private static JsonNode Replace(JsonNode root, Random random)
    {
        var node = root;
        while (true)
        {
            switch (node)
            {
                case JsonObject { Count: > 0 } fields:
                    var name = fields.ElementAt(random.Next(fields.Count)).Key;
                    if (random.Next(2) == 0 && fields[name] is JsonObject or JsonArray)
                    {
                        node = fields[name]!;
                        continue;
                    }

                    fields[name] = Mark;
                    return root;
                case JsonArray { Count: > 0 } list:
                    var index = random.Next(list.Count);
                    if (random.Next(2) == 0 && list[index] is JsonObject or JsonArray)
                    {
                        node = list[index]!;
                        continue;
                    }

                    list[index] = Mark;
                    return root;
                default:
                    return root;
            }
        }
    }
}
