using XLLM.Grains.Ports;

namespace XLLM.Grains.Tests.Fakes;

/// <summary>A silo's models.</summary>
internal sealed class FakeModelHost(params FakeModel[] models) : IModelHost
{
    public IReadOnlyList<IHostedModel> Models { get; } = models;

    /// <summary>The first one.</summary>
    public FakeModel Model => (FakeModel)Models[0];

    public IHostedModel? Find(string model) => Models.FirstOrDefault(hosted => hosted.Descriptor.Name == model);
}
