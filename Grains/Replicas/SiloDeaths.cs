using Orleans.Runtime;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Grains.Replicas;

/// <summary>Hands on what the membership says of dead silos.</summary>
internal sealed class SiloDeaths : ISiloDeaths, ISiloStatusListener, IDisposable
{
    private readonly SiloWatches _watches = new();
    private readonly ISiloStatusOracle _silos;

    public SiloDeaths(ISiloStatusOracle silos)
    {
        _silos = silos;
        silos.SubscribeToSiloStatusEvents(this);
    }

    /// <inheritdoc/>
    public IDisposable Watch(string silo, Action died)
    {
        var watch = _watches.Add(silo, died);
        if (_silos.IsDeadSilo(SiloAddress.FromParsableString(silo)))
        {
            _watches.Die(silo);         // it may have died before it was watched
        }

        return watch;
    }

    /// <inheritdoc/>
    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status == SiloStatus.Dead)
        {
            _watches.Die(updatedSilo.ToParsableString());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _silos.UnSubscribeFromSiloStatusEvents(this);
}
