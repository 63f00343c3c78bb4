using Microsoft.Extensions.Options;

namespace XLLM.Grains.Catalog;

/// <summary>How silos tell the cluster what they serve.</summary>
public sealed class CatalogOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string SectionName = "Xllm:Catalog";

    /// <summary>Time between two announcements of a replica, 50 ms to 1 min. Default 1 s.</summary>
    /// <remarks>An announcement is one small call per replica. Loads are as old as this, so routers also count what they sent themselves.</remarks>
    public TimeSpan HeartbeatPeriod { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Announcements that may be missed before a replica is taken for gone, 2 to 100. Default 10.</summary>
    /// <remarks>A dead silo is noticed by the membership within about a second, so this only has to catch a replica that vanished from a silo that lives;
    /// generous, because a busy two-core machine delayed timers by seconds (measured) and a late heartbeat must not take a working replica away.</remarks>
    public int MissedHeartbeats { get; set; } = 10;
}

/// <summary>Checks <see cref="CatalogOptions"/>; tells all faults.</summary>
internal sealed class CatalogOptionsValidator : IValidateOptions<CatalogOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, CatalogOptions options)
    {
        var faults = new List<string>();
        if (options.HeartbeatPeriod < TimeSpan.FromMilliseconds(50) || options.HeartbeatPeriod > TimeSpan.FromMinutes(1))
        {
            faults.Add($"{nameof(options.HeartbeatPeriod)} must be 50 ms to 1 min, it is {options.HeartbeatPeriod}");
        }

        if (options.MissedHeartbeats is < 2 or > 100)
        {
            faults.Add($"{nameof(options.MissedHeartbeats)} must be 2 to 100, it is {options.MissedHeartbeats}");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
