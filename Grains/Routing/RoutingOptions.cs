using Microsoft.Extensions.Options;

namespace XLLM.Grains.Routing;

/// <summary>How requests find replicas.</summary>
public sealed class RoutingOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string SectionName = "Xllm:Routing";

    /// <summary>Which replica gets a request: <c>least-tokens</c> (default), <c>power-of-two</c>, <c>round-robin</c>.</summary>
    /// <remarks>Fewest pending tokens is what predicts the time to the first token best while replicas are equal.</remarks>
    public string Policy { get; set; } = "least-tokens";

    /// <summary>Age at which a silo reads a model's replicas from the catalog again, 10 ms to 1 min. Default 500 ms.</summary>
    /// <remarks>Half a heartbeat: reading more often than silos announce shows nothing new.</remarks>
    public TimeSpan RefreshPeriod { get; set; } = TimeSpan.FromMilliseconds(500);
}

/// <summary>Checks <see cref="RoutingOptions"/>; tells all faults.</summary>
internal sealed class RoutingOptionsValidator(IEnumerable<IReplicaSelector> selectors) : IValidateOptions<RoutingOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, RoutingOptions options)
    {
        var faults = new List<string>();
        if (!selectors.Any(selector => selector.Name == options.Policy))
        {
            faults.Add($"{nameof(options.Policy)} must be one of {string.Join(", ", selectors.Select(selector => selector.Name))}; it is '{options.Policy}'");
        }

        if (options.RefreshPeriod < TimeSpan.FromMilliseconds(10) || options.RefreshPeriod > TimeSpan.FromMinutes(1))
        {
            faults.Add($"{nameof(options.RefreshPeriod)} must be 10 ms to 1 min, it is {options.RefreshPeriod}");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
