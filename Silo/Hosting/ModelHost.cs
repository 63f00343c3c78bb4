using XLLM.Grains.Ports;

namespace XLLM.Silo.Hosting;

/// <summary>The models of this silo, loaded before the host starts and given back when it stops.</summary>
internal sealed class ModelHost(IReadOnlyList<HostedModel> models) : IModelHost, IDisposable
{
    /// <inheritdoc/>
    public IReadOnlyList<IHostedModel> Models => models;

    /// <summary>The same, as this project sees them.</summary>
    public IReadOnlyList<HostedModel> Hosted => models;

    /// <inheritdoc/>
    public IHostedModel? Find(string model) => models.FirstOrDefault(hosted => hosted.Descriptor.Name == model);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var model in models)
        {
            model.Dispose();
        }
    }
}
