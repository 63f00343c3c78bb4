using System.Diagnostics;
using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>The official OpenAI JavaScript client against the running program; the tests themselves are in <c>js/client.test.mjs</c>.</summary>
public sealed class JavaScriptClientTests(SiloFixture fixture)
{
    [Fact]
    public async Task TheOfficialJavaScriptClient_PassesItsTests()
    {
        var folder = Path.Combine(Paths.Repository, "tests", "EndToEnd.Tests", "js");
        Assert.SkipUnless(Directory.Exists(Path.Combine(folder, "node_modules", "openai")), $"the client is not installed: run 'npm ci' in {folder}");
        var start = new ProcessStartInfo("node", ["--test", "--test-reporter=spec", "client.test.mjs"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["BASE_URL"] = new Uri(fixture.Silo.Address, "v1").ToString(), ["MODEL"] = "xllm-demo" },
        };
        using var node = Process.Start(start)!;
        var (output, error) = (node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(node.ExitCode == 0, $"{await output}\n{await error}");
    }
}
