using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;
using XLLM.Grains.Hosting;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Ports;
using XLLM.Grains.Tests.Fakes;
using XLLM.Silo.Hosting.Storage;

namespace XLLM.Silo.Tests.Hosting.Storage;

/// <summary>A real silo with the embedded storage on a file; only the model is faked.</summary>
internal sealed class StorageHost : IAsyncDisposable
{
    private readonly IHost _host;

    private StorageHost(IHost host, FakeModel model)
    {
        _host = host;
        Model = model;
    }

    public FakeModel Model { get; }

    public IGrainStorage Storage => _host.Services.GetRequiredKeyedService<IGrainStorage>(StorageNames.Default);

    public IInferenceClient Client => _host.Services.GetRequiredService<IInferenceClient>();

    public static async Task<StorageHost> StartAsync(string file)
    {
        var model = new FakeModel();
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.ClearProviders();
        var (siloPort, gatewayPort) = FreePorts();
        builder.UseOrleans(silo => silo
            .UseLocalhostClustering(siloPort, gatewayPort)
            .AddXllmSqliteStorage(file)
            .AddXllmGrains()
            .Services.AddSingleton<IModelHost>(new FakeModelHost(model)));
        var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        return new StorageHost(host, model);
    }

    public IKvStore KvStore(string layout, long mostBytes) => _host.Services.GetRequiredService<IKvStores>().Open("tiny", layout, mostBytes);

    public static GrainId Grain(int number) => GrainId.Create("storage-test", $"grain {number}");

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        await ((IAsyncDisposable)_host).DisposeAsync();
    }

    private static (int Silo, int Gateway) FreePorts()
    {
        // Both are held while they are chosen, so that they differ.
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        return (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);
    }
}
