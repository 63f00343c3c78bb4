using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using XLLM.Grains.Interfaces.Client;
using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>A business service comes and goes without a trace in anybody's log.</summary>
public sealed class ClientHostTests(SiloFixture fixture)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AHostThatGenerated_Stops_WithoutAWarning(bool midway)
    {
        var warnings = new WarningRecorder();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders().AddProvider(warnings);
        builder.AddXllmClient(options => options.Gateways.Add($"127.0.0.1:{fixture.Silo.GatewayPort}"));
        var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        var chat = host.Services.GetRequiredService<IChatClient>();

        var tokens = 0;
        await foreach (var update in chat.GetStreamingResponseAsync("Tell me a short story.", new() { Temperature = 0 }, TestContext.Current.CancellationToken))
        {
            if (update.Text.Length > 0 && ++tokens == 3 && midway)
            {
                break;
            }
        }

        await host.StopAsync(TestContext.Current.CancellationToken);
        await ((IAsyncDisposable)host).DisposeAsync();

        Assert.True(tokens >= 3, $"only {tokens} tokens came");
        Assert.Empty(warnings.Lines);
    }
}
