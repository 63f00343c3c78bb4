using System.ClientModel;
using OpenAI;
using OpenAI.Chat;
using XLLM.EndToEnd.Tests;
using XLLM.Testing;

[assembly: AssemblyFixture(typeof(SiloFixture))]

namespace XLLM.EndToEnd.Tests;

/// <summary>One running silo with the demo model, shared by all tests that do not harm it.</summary>
public sealed class SiloFixture : IAsyncLifetime
{
    /// <summary>The process.</summary>
    public SiloProcess Silo { get; private set; } = null!;

    /// <summary>The official client, pointed at it.</summary>
    public ChatClient Chat { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Silo = await SiloProcess.StartAsync();
        Chat = ClientOf(Silo);
    }

    public ValueTask DisposeAsync() => Silo.DisposeAsync();

    /// <summary>The official .NET client for a process.</summary>
    public static ChatClient ClientOf(SiloProcess silo) => new(
        "xllm-demo",
        new ApiKeyCredential("none"),
        new OpenAIClientOptions { Endpoint = new Uri(silo.Address, "v1"), RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0) });
}
