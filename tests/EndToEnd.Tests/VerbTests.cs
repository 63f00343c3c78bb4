using System.Text.Json.Nodes;
using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>The verbs of the executable, as a person types them.</summary>
public sealed class VerbTests
{
    [Fact]
    public async Task Tokenize_WritesTheIds()
    {
        var (exitCode, output, _) = await SiloProcess.RunAsync(["tokenize", Paths.DemoModel], """{"text":"Hello!"}""" + "\n");

        Assert.Equal(0, exitCode);
        Assert.NotEmpty(JsonNode.Parse(output.Trim())!["ids"]!.AsArray());
    }

    [Fact]
    public async Task Render_WritesTheText_AndTheErrorOfABadLine()
    {
        var lines = """{"messages":[{"role":"user","content":"Hi"}],"add_generation_prompt":true}""" + "\n{broken\n";
        var (exitCode, output, _) = await SiloProcess.RunAsync(["render", Paths.DemoModel], lines);
        var results = output.Trim().Split('\n').Select(line => JsonNode.Parse(line)!).ToArray();

        Assert.Equal(0, exitCode);
        Assert.Equal("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", results[0]["text"]!.GetValue<string>());
        Assert.NotNull(results[1]["error"]);
    }

    [Fact]
    public async Task Verify_PassesTheDenseGoldens()
    {
        var cases = new[] { Paths.TryShared("golden", "qwen3"), Paths.TryShared("golden", "llama") };
        Assert.SkipWhen(cases.Contains(null), $"{Paths.Shared}/golden is missing: it is not part of the product");
        var (exitCode, output, error) = await SiloProcess.RunAsync(["verify", .. cases!]);

        Assert.True(exitCode == 0, $"{output}\n{error}");
        Assert.Matches(@"\d+ passed, 0 failed, 0 skipped$", output.Trim());
    }

    [Fact]
    public async Task Verify_WithoutACase_Fails()
    {
        var (exitCode, _, error) = await SiloProcess.RunAsync(["verify", Directory.CreateTempSubdirectory("xllm-empty-").FullName]);

        Assert.NotEqual(0, exitCode);
        Assert.NotEmpty(error);
    }
}
