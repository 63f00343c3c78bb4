using Orleans.Runtime;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Grains.Replicas;

/// <summary>Hands on what the membership says of dead silos.</summary>
internal sealed class SiloDeaths : ISiloDeaths, ISiloStatusListener, IDisposable
{
    private readonly ISiloStatusOracle _silos;

    public SiloDeaths(ISiloStatusOracle silos)
    {
        _silos = silos;
        silos.SubscribeToSiloStatusEvents(this);
    }

    /// <inheritdoc/>
    public event Action<string>? Died;

    /// <inheritdoc/>
    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status == SiloStatus.Dead)
        {
            Died?.Invoke(updatedSilo.ToParsableString());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _silos.UnSubscribeFromSiloStatusEvents(this);
}
