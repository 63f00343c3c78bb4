using XLLM.Grains.Ports;

namespace XLLM.Grains.Hosting;

/// <summary>The port of a silo without an engine.</summary>
internal sealed class NoModels : IModelHost
{
    /// <inheritdoc/>
    public IReadOnlyList<IHostedModel> Models => [];

    /// <inheritdoc/>
    public IHostedModel? Find(string model) => null;
}
