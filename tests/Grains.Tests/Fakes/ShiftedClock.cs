namespace XLLM.Grains.Tests.Fakes;

/// <summary>The system's clock, ahead by as much as a test says. Timers run as they do: only what time it is changes.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    private long _ahead;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ahead, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ahead));
}
