using Microsoft.Extensions.Options;

namespace XLLM.Grains.Administration;

/// <summary>How a silo is emptied. Section <c>Xllm:Drain</c>.</summary>
public sealed class DrainOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string SectionName = "Xllm:Drain";

    /// <summary>Wait between the announcement that a silo drains and the moment in which it refuses requests, 0 to 1 min. Default 1 s.</summary>
    /// <remarks>Twice the age of a router's view (500 ms): by then every router that can reach the catalog has heard of it. Whoever has not is refused and asks another replica.
    /// A silo alone does not wait.</remarks>
    public TimeSpan Settle { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait for generations and conversations to end when an administrator drains a silo, 0 to 25 min. Default 5 min.</summary>
    /// <remarks>What runs longer goes on when the silo is stopped: on another replica, after the tokens so far. A silo that is asked to stop waits for its engine's DrainTimeout instead.</remarks>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(5);
}

/// <summary>Checks <see cref="DrainOptions"/>; tells all faults.</summary>
internal sealed class DrainOptionsValidator : IValidateOptions<DrainOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, DrainOptions options)
    {
        var faults = new List<string>();
        if (options.Settle < TimeSpan.Zero || options.Settle > TimeSpan.FromMinutes(1))
        {
            faults.Add($"{nameof(options.Settle)} must be 0 to 1 min, it is {options.Settle}");
        }

        if (options.Timeout < TimeSpan.Zero || options.Timeout > TimeSpan.FromMinutes(25))
        {
            faults.Add($"{nameof(options.Timeout)} must be 0 to 25 min, it is {options.Timeout}");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
