using System.Net;
using System.Text.Json.Nodes;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.Tests.Hosting;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Gateway.Tests.OpenAI;

public sealed class ResponsesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AResponse_IsCreated_ReadAgain_AndForgotten()
    {
        await using var host = await GatewayHost.StartAsync();

        var created = await host.PostJsonAsync("/v1/responses", """{"model":"tiny","input":"hi","instructions":"be brief","metadata":{"a":"b"},"temperature":0.5}""");
        var id = created["id"]!.GetValue<string>();
        var read = JsonNode.Parse(await host.Http.GetStringAsync(new Uri($"/v1/responses/{id}", UriKind.Relative), Cancel))!;

        Assert.Equal(("response", "completed"), (created["object"]!.GetValue<string>(), created["status"]!.GetValue<string>()));
        Assert.Equal("Hello world", created["output"]![0]!["content"]![0]!["text"]!.GetValue<string>());
        Assert.Equal(("be brief", "b", 0.5), (created["instructions"]!.GetValue<string>(), created["metadata"]!["a"]!.GetValue<string>(), created["temperature"]!.GetValue<double>()));
        foreach (var field in (string[])["error", "incomplete_details", "previous_response_id", "max_output_tokens", "user"])
        {
            Assert.True(created.AsObject().ContainsKey(field), field);
        }

        Assert.Equal(created["output"]!.ToJsonString(), read["output"]!.ToJsonString());
        using (var deleted = await host.Http.DeleteAsync(new Uri($"/v1/responses/{id}", UriKind.Relative), Cancel))
        {
            Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        }

        var missing = await GatewayHost.ErrorAsync(await host.Http.GetAsync(new Uri($"/v1/responses/{id}", UriKind.Relative), Cancel), 404);
        Assert.Equal("response_not_found", missing["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task AStream_HasTypedEvents_AndIsTakenUpAfterAnyOfThem()
    {
        await using var host = await GatewayHost.StartAsync();
        var whole = Events(await host.PostTextAsync("/v1/responses", """{"model":"tiny","input":"hi","stream":true}"""));
        var id = whole[0]["response"]!["id"]!.GetValue<string>();

        for (var after = 0; after < whole.Count; after++)
        {
            var rest = Events(await host.Http.GetStringAsync(new Uri($"/v1/responses/{id}?stream=true&starting_after={after}", UriKind.Relative), Cancel));
            Assert.Equal(whole.Skip(after + 1).Select(one => one.ToJsonString()), rest.Select(one => one.ToJsonString()));
        }
    }

    [Fact]
    public async Task ARetry_WithTheSameKey_RunsOnce_AndAnotherBodyIsRefused()
    {
        await using var host = await GatewayHost.StartAsync();
        foreach (var (path, body) in new[]
        {
            ("/v1/responses", """{"model":"tiny","input":"hi"}"""),
            ("/v1/chat/completions", """{"model":"tiny","messages":[{"role":"user","content":"hi"}]}"""),
        })
        {
            host.Client.ChatRequests.Clear();
            var first = await KeyedAsync(host, path, body);
            var retry = await KeyedAsync(host, path, body);
            using var other = await SendAsync(host, path, body.Replace("hi", "ho", StringComparison.Ordinal));

            Assert.Equal(first["id"]!.GetValue<string>(), retry["id"]!.GetValue<string>());
            Assert.Single(host.Client.ChatRequests);
            Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        }
    }

    [Fact]
    public async Task WithoutStore_NothingIsKept()
    {
        await using var host = await GatewayHost.StartAsync();

        var created = await host.PostJsonAsync("/v1/responses", """{"model":"tiny","input":"hi","store":false}""");

        Assert.Equal("completed", created["status"]!.GetValue<string>());
        await GatewayHost.ErrorAsync(await host.Http.GetAsync(new Uri($"/v1/responses/{created["id"]}", UriKind.Relative), Cancel), 404);
    }

    [Fact]
    public void Items_BecomeMessages_AndFlatToolsBecomeNestedOnes()
    {
        var call = Parse(
            """
            {"model":"tiny","tools":[{"type":"function","name":"weather","parameters":{"type":"object"}}],"tool_choice":{"type":"function","name":"weather"},
             "input":[{"role":"user","content":[{"type":"input_text","text":"Oslo?"}]},
                      {"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},
                      {"type":"function_call","call_id":"c1","name":"weather","arguments":"{}"},
                      {"type":"function_call_output","call_id":"c1","output":"rain"}]}
            """).Value!;

        Assert.Equal(["user", "assistant", "tool"], call.Request.Messages.Select(message => message.Role));
        Assert.Equal(("hm", "c1", "weather"), (call.Request.Messages[1].Reasoning, call.Request.Messages[1].ToolCalls[0].Id, call.Request.Messages[1].ToolCalls[0].Name));
        Assert.Equal(("c1", "rain"), (call.Request.Messages[2].ToolCallId, call.Request.Messages[2].Text));
        Assert.Equal((ToolChoiceMode.Named, "weather"), (call.Request.ToolChoice, call.Request.ToolChoiceName));
        Assert.Equal("""[{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}}]""", call.Request.ToolsJson);
    }

    [Theory]
    [InlineData("""{"model":"tiny"}""", "input")]
    [InlineData("""{"model":"tiny","input":[]}""", "input")]
    [InlineData("""{"model":"tiny","input":"hi","truncation":"auto"}""", "truncation")]
    [InlineData("""{"model":"tiny","input":"hi","background":true,"store":false}""", "background")]
    [InlineData("""{"model":"tiny","input":"hi","tools":[{"type":"web_search"}]}""", "tools[0].type")]
    [InlineData("""{"model":"tiny","input":"hi","text":{"format":{"type":"json_schema"}}}""", "text.format")]
    [InlineData("""{"model":"tiny","input":"hi","max_output_tokens":0}""", "max_output_tokens")]
    [InlineData("""{"model":"tiny","input":[{"type":"item_reference","id":"x"}]}""", "input[0].type")]
    [InlineData("""{"model":"tiny","input":"hi","metadata":{"a":1}}""", "metadata")]
    [InlineData("""{"model":"tiny","input":"hi","previous_response_id":"a b"}""", "previous_response_id")]
    public void AFault_IsNamed(string body, string parameter) => Assert.Contains(parameter, Parse(body).Faults.Select(fault => fault.Parameter));

    private static Parsed<ResponseCall> Parse(string body) => ResponseParser.Parse(System.Text.Json.JsonDocument.Parse(body).RootElement, "resp_1", new());

    private static List<JsonNode> Events(string stream)
    {
        var events = new List<JsonNode>();
        foreach (var frame in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = frame.Split('\n');
            var data = JsonNode.Parse(lines[1]["data: ".Length..])!;
            Assert.Equal($"event: {data["type"]}", lines[0]);
            events.Add(data);
        }

        return events;
    }

    private static async Task<JsonNode> KeyedAsync(GatewayHost host, string path, string body)
    {
        using var response = await SendAsync(host, path, body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!;
    }

    private static Task<HttpResponseMessage> SendAsync(GatewayHost host, string path, string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StringContent(body, null, "application/json") };
        request.Headers.Add("Idempotency-Key", "key-1");
        return host.Http.SendAsync(request, Cancel);
    }
}
