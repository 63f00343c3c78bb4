using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using XLLM.Grains.Interfaces.Client;
using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>The README's sample, as it stands there, against the running silo: a business service that joins the cluster and speaks no HTTP.</summary>
public sealed class ClientSdkTests(SiloFixture fixture)
{
    private const string Begin = "// sample: begin";
    private const string End = "// sample: end";

    [Fact]
    public async Task ABusinessService_StreamsThroughGrains_WithoutHttp()
    {
        var answer = await AskAsync($"127.0.0.1:{fixture.Silo.GatewayPort}");

        Assert.Equal("The capital of Japan is Tokyo.", answer);
    }

    [Fact]
    public void TheReadme_ShowsTheSampleThatIsTested()
    {
        var source = File.ReadAllText(Path.Combine(Paths.Repository, "tests", "EndToEnd.Tests", "ClientSdkTests.cs"));
        var start = source.IndexOf($"        {Begin}\n", StringComparison.Ordinal) + Begin.Length + 9;
        var sample = source[start..source.IndexOf($"        {End}\n", StringComparison.Ordinal)];
        var shown = string.Join('\n', sample.Split('\n').Select(line => line.Length >= 8 ? line[8..] : line)).Trim();

        Assert.Contains(shown, File.ReadAllText(Path.Combine(Paths.Repository, "README.md")), StringComparison.Ordinal);
    }

    private static async Task<string> AskAsync(string gateway)
    {
        // sample: begin
        var builder = Host.CreateApplicationBuilder();
        builder.AddXllmClient(options => options.Gateways.Add(gateway));            // "127.0.0.1:30000" is a silo's default
        using var host = builder.Build();
        await host.StartAsync();

        var chat = host.Services.GetRequiredService<IChatClient>();
        var text = "";
        await foreach (var update in chat.GetStreamingResponseAsync("What is the capital of Japan?", new() { Temperature = 0 }))
        {
            text += update.Text;
        }

        await host.StopAsync();
        // sample: end
        return text;
    }
}
