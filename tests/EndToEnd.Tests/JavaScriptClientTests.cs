using System.Diagnostics;
using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>The official OpenAI JavaScript client against the running program; the tests themselves are in the folder <c>js</c>.</summary>
public sealed class JavaScriptClientTests(SiloFixture fixture, ManyModelsFixture models)
{
    [Fact]
    public Task TheOfficialJavaScriptClient_PassesItsTests() => RunAsync("client.test.mjs", fixture.Silo, new() { ["MODEL"] = "xllm-demo" });

    [Fact]
    public async Task TheOfficialJavaScriptClient_PassesItsTests_WithModelsForEmbeddingsAndPictures() => await RunAsync("models.test.mjs", await models.SiloAsync(), new()
    {
        ["EMBED_MODEL"] = "embed",
        ["VISION_MODEL"] = "vl",
        ["PICTURE"] = Path.Combine(Paths.DemoVisionModel, "pictures", "0.png"),
    });

    private static async Task RunAsync(string tests, SiloProcess silo, Dictionary<string, string> environment)
    {
        var folder = Path.Combine(Paths.Repository, "tests", "EndToEnd.Tests", "js");
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder, "node_modules", "openai")), $"the client is not installed: run 'npm ci' in {folder}");
        var start = new ProcessStartInfo("node", ["--test", "--test-reporter=spec", tests])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["BASE_URL"] = new Uri(silo.Address, "v1").ToString() },
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var node = Process.Start(start)!;
        var (output, error) = (node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(node.ExitCode == 0, $"{await output}\n{await error}");
    }
}
