using XLLM.Grains.Ports;

namespace XLLM.Silo.Hosting;

/// <summary>The models of this silo. Those at hand are loaded before the host starts; others come and go while it runs. Thread-safe.</summary>
/// <param name="models">The first ones; it owns them, and those that are added.</param>
internal sealed class ModelHost(IReadOnlyList<HostedModel> models) : IModelHost, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private volatile HostedModel[] _models = [.. models];      // replaced whole, so that readers need no lock

    /// <inheritdoc/>
    public IReadOnlyList<IHostedModel> Models => _models;

    /// <summary>As <see cref="Models"/>, for this project.</summary>
    public IReadOnlyList<HostedModel> Hosted => _models;

    /// <summary>True if every engine finishes its steps.</summary>
    public bool IsHealthy => Array.TrueForAll(_models, model => model.Engine.IsHealthy);

    /// <inheritdoc/>
    public IHostedModel? Find(string model) => FindHosted(model);

    /// <summary>As <see cref="Find"/>, for this project.</summary>
    public HostedModel? FindHosted(string model) => Array.Find(_models, hosted => hosted.Descriptor.Name == model);

    /// <summary>Takes a model in, and owns it from now on.</summary>
    /// <exception cref="InvalidOperationException">There is one of its name.</exception>
    public void Add(HostedModel model)
    {
        lock (_lock)
        {
            if (FindHosted(model.Descriptor.Name) is not null)
            {
                throw new InvalidOperationException($"the model {model.Descriptor.Name} is here already");
            }

            _models = [.. _models, model];
        }
    }

    /// <summary>Forgets a model; it is the caller's to dispose.</summary>
    public void Remove(HostedModel model)
    {
        lock (_lock)
        {
            _models = [.. _models.Where(other => other != model)];
        }
    }

    /// <summary>Takes no more requests and lets the running ones finish, within the engines' bound.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) => Task.WhenAll(_models.Select(model => model.DrainAsync(cancellationToken)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var model in _models)
        {
            await model.DisposeAsync();
        }
    }
}
