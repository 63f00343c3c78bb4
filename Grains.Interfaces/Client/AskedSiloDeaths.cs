using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>For processes outside the cluster: asks a silo that lives, once a second while something comes from others, which of those are dead.</summary>
/// <remarks>Such a process has no membership, and its calls to a dead silo fail by the response timeout alone, 30 s.</remarks>
internal sealed class AskedSiloDeaths(IGrainFactory grains, TimeProvider clock) : ISiloDeaths
{
    /// <summary>Between two questions: a part of the 1 to 2 s that the membership itself takes.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>After which a question counts as lost; the next one may reach another silo.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SiloWatches _watches = new();
    private int _asks;

    /// <inheritdoc/>
    public IDisposable Watch(string silo, Action died)
    {
        var watch = _watches.Add(silo, died);
        if (Interlocked.Exchange(ref _asks, 1) == 0)
        {
            _ = AskAsync();
        }

        return watch;
    }

    private async Task AskAsync()
    {
        while (true)
        {
            await Task.Delay(Period, clock).ConfigureAwait(false);
            var silos = _watches.Silos;
            if (silos.Length > 0)
            {
                await AskAsync(silos).ConfigureAwait(false);
                continue;
            }

            Volatile.Write(ref _asks, 0);
            if (_watches.Silos.Length == 0 || Interlocked.Exchange(ref _asks, 1) != 0)
            {
                return;                 // nobody came meanwhile, or who came asks
            }
        }
    }

    private async Task AskAsync(string[] silos)
    {
        try
        {
            foreach (var dead in await grains.GetGrain<ISiloWatchGrain>(0).FindDeadAsync(silos).WaitAsync(Patience, clock).ConfigureAwait(false))
            {
                _watches.Die(dead);
            }
        }
#pragma warning disable CA1031 // Without an answer nothing is known, as before the question; silos of an older version have none. It is asked again.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
