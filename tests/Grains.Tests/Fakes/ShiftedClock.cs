using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Runtime;

namespace XLLM.Grains.Tests.Fakes;

/// <summary>The system's clock, ahead by as much as a test says. Timers run as they do: only what time it is changes.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    private long _ahead;

    /// <summary>
    /// Grains of a silo live by this clock; its membership does not: Orleans would clean up its own row while it joins,
    /// whose times are those of the system and so, by this clock, those of a silo that was given up long ago.
    /// </summary>
    public void AddTo(ISiloBuilder silo) => silo.Services
        .AddSingleton<TimeProvider>(this)
        .AddKeyedSingleton(TimeProviderNames.Membership, System);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ahead, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ahead));
}
