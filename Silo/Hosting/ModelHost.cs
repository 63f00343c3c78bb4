using XLLM.Grains.Ports;

namespace XLLM.Silo.Hosting;

/// <summary>The models of this silo: loaded before the host starts, drained before it stops listening, given back at its end.</summary>
internal sealed class ModelHost(IReadOnlyList<HostedModel> models) : IModelHost, IAsyncDisposable
{
    /// <inheritdoc/>
    public IReadOnlyList<IHostedModel> Models => models;

    /// <summary>True if every engine finishes its steps.</summary>
    public bool IsHealthy => models.All(model => model.Engine.IsHealthy);

    /// <inheritdoc/>
    public IHostedModel? Find(string model) => models.FirstOrDefault(hosted => hosted.Descriptor.Name == model);

    /// <summary>Takes no more requests and lets the running ones finish, within the engines' bound.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) => Task.WhenAll(models.Select(model => model.DrainAsync(cancellationToken)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var model in models)
        {
            await model.DisposeAsync();
        }
    }
}
