namespace XLLM.Grains.Interfaces.Client;

/// <summary>Who waits for which silo's death. Thread-safe.</summary>
public sealed class SiloWatches
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<Watch>> _watches = new(StringComparer.Ordinal);

    /// <summary>The silos that somebody waits for.</summary>
    public string[] Silos
    {
        get
        {
            lock (_gate)
            {
                return [.. _watches.Keys];
            }
        }
    }

    /// <summary>Waits for a silo's death, until disposed.</summary>
    public IDisposable Add(string silo, Action died)
    {
        var watch = new Watch(this, silo, died);
        lock (_gate)
        {
            if (!_watches.TryGetValue(silo, out var others))
            {
                _watches.Add(silo, others = []);
            }

            others.Add(watch);
        }

        return watch;
    }

    /// <summary>Tells all who wait for a silo that it is dead; each once.</summary>
    public void Die(string silo)
    {
        List<Watch>? told;
        lock (_gate)
        {
            _watches.Remove(silo, out told);
        }

        foreach (var watch in told ?? [])
        {
            watch.Died();
        }
    }

    private void Remove(Watch watch)
    {
        lock (_gate)
        {
            if (_watches.TryGetValue(watch.Silo, out var others) && others.Remove(watch) && others.Count == 0)
            {
                _watches.Remove(watch.Silo);
            }
        }
    }

    private sealed class Watch(SiloWatches watches, string silo, Action died) : IDisposable
    {
        public string Silo => silo;

        public void Died() => died();

        public void Dispose() => watches.Remove(this);
    }
}
