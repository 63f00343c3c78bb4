namespace XLLM.Silo.Tests.Templates;

/// <summary>A clock that stands at a local time.</summary>
internal sealed class StoppedClock(DateTime local) : TimeProvider
{
    /// <summary>The time at which the golden prompts were rendered.</summary>
    public static StoppedClock Golden { get; } = new(new DateTime(2025, 1, 15, 12, 0, 0, DateTimeKind.Unspecified));

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => new(local, TimeSpan.Zero);
}
