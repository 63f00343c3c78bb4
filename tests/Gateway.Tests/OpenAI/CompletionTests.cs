using System.Text.RegularExpressions;
using XLLM.Gateway.OpenAI;
using XLLM.Gateway.Tests.Hosting;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.Tests.OpenAI;

public sealed class CompletionTests
{
    private const string Path = "/v1/completions";

    [Fact]
    public async Task AnAnswer_HasEveryFieldOfOpenAI()
    {
        await using var host = await GatewayHost.StartAsync(new ManualClock());
        var text = (await host.PostJsonAsync(Path, """{"model":"tiny","prompt":"one","echo":true}""")).ToJsonString();
        Assert.Equal(
            $$$$"""{"id":"ID","object":"text_completion","created":1790000000,"model":"tiny","system_fingerprint":"{{{{ServerVersion.Fingerprint}}}}","choices":[{"index":0,"text":"one two three","logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":4,"completion_tokens":2,"total_tokens":6,"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":0}}}""",
            Regex.Replace(text, "cmpl-[0-9a-f]{32}", "ID"));
    }

    [Fact]
    public async Task SeveralPromptsAndAnswers_AreNumberedPromptByPrompt()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Client.Complete = (request, _) => ScriptedClient.Continue($"{request.Prompt ?? string.Join('-', request.PromptTokens!)}/{request.Sampling.Seed}");
        var answer = await host.PostJsonAsync(Path, """{"model":"tiny","prompt":["a",[1,2]],"n":2,"seed":5}""");
        Assert.Equal(["a/5", "a/6", "1-2/5", "1-2/6"], answer["choices"]!.AsArray().Select(choice => choice!["text"]!.GetValue<string>()));
        Assert.Equal(8, answer["usage"]!["prompt_tokens"]!.GetValue<int>());
        Assert.Equal(4, host.Client.CompletionRequests.Select(request => request.RequestId).Distinct().Count());
    }

    [Fact]
    public async Task Logprobs_AreFourListsWithOffsets()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Client.Complete = (_, _) => Tokens();
        var answer = await host.PostJsonAsync(Path, """{"model":"tiny","prompt":"one","logprobs":1}""");
        Assert.Equal(
            """{"tokens":["ab","c"],"token_logprobs":[-1,-2],"top_logprobs":[{"x":-0.5,"ab":-1},{"c":-2}],"text_offset":[0,2]}""",
            answer["choices"]![0]!["logprobs"]!.ToJsonString());

        var stream = await host.PostTextAsync(Path, """{"model":"tiny","prompt":"one","logprobs":1,"stream":true}""");
        Assert.Contains("\"text_offset\":[0]", stream, StringComparison.Ordinal);
        Assert.Contains("\"text_offset\":[2]", stream, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStream_HasEchoTextReasonUsage()
    {
        await using var host = await GatewayHost.StartAsync(new ManualClock());
        var text = await host.PostTextAsync(Path, """{"model":"tiny","prompt":"one","echo":true,"stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true}}""");
        string Chunk(string choices, int generated, int cached) =>
            $$$$"""data: {"id":"ID","object":"text_completion","created":1790000000,"model":"tiny","system_fingerprint":"{{{{ServerVersion.Fingerprint}}}}","choices":[{{{{choices}}}}],"usage":{"prompt_tokens":4,"completion_tokens":{{{{generated}}}},"total_tokens":{{{{4 + generated}}}},"prompt_tokens_details":{"cached_tokens":{{{{cached}}}}},"completion_tokens_details":{"reasoning_tokens":0}}}""" + "\n\n";
        Assert.Equal(
            Chunk("""{"index":0,"text":"one","logprobs":null,"finish_reason":null}""", 1, 0)
            + Chunk("""{"index":0,"text":" two","logprobs":null,"finish_reason":null}""", 1, 0)
            + Chunk("""{"index":0,"text":" three","logprobs":null,"finish_reason":null}""", 2, 0)
            + Chunk("""{"index":0,"text":"","logprobs":null,"finish_reason":"length"}""", 2, 1)
            + Chunk("", 2, 1)
            + "data: [DONE]\n\n",
            Regex.Replace(text, "cmpl-[0-9a-f]{32}", "ID"));
    }

    private static async IAsyncEnumerable<CompletionEvent> Tokens()
    {
        await Task.Yield();
        var x = new TokenLogprob { TokenId = 3, Text = "x", Bytes = [120], Logprob = -0.5f };
        yield return new(4, new TokensGenerated { Position = 0, TextPosition = 0, TokenIds = [1], Text = "ab", Logprobs = [new() { TokenId = 1, Text = "ab", Bytes = [97, 98], Logprob = -1, Top = [x] }] });
        yield return new(4, new TokensGenerated { Position = 1, TextPosition = 2, TokenIds = [2], Text = "c", Logprobs = [new() { TokenId = 2, Text = "c", Bytes = [99], Logprob = -2 }] });
        yield return new(4, new GenerationEnded { Reason = EndReason.Stop, Usage = new(4, 0, 2) });
    }
}
