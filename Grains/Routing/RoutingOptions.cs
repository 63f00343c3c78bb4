using Microsoft.Extensions.Options;

namespace XLLM.Grains.Routing;

/// <summary>How requests find replicas.</summary>
public sealed class RoutingOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string SectionName = "Xllm:Routing";

    /// <summary>Which replica gets a request: <c>cache-product</c> (default), <c>cache-aware</c>, <c>first-token</c>, <c>least-tokens</c>, <c>power-of-two</c>, <c>round-robin</c>.</summary>
    /// <remarks>By the simulator's evidence: Grains/ARCHITECTURE.md, decision 8.</remarks>
    public string Policy { get; set; } = "cache-product";

    /// <summary>Age at which a silo reads a model's replicas from the catalog again, 10 ms to 1 min. Default 500 ms.</summary>
    /// <remarks>Half a heartbeat: reading more often than silos announce shows nothing new.</remarks>
    public TimeSpan RefreshPeriod { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Age at which a replica's load counts as old: it gets requests only while all others are old too. 100 ms to 10 min. Default 5 s.</summary>
    /// <remarks>Five heartbeats. A silo that is late by that much has too much to do already; half of what makes it count as gone, so a slow catalog takes no replica away.</remarks>
    public TimeSpan StaleAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary><c>cache-aware</c>: what a KV block to prefill costs against one that decodes, 0 to 1,000. Default 16.</summary>
    /// <remarks>
    /// More follows the cache and the queues more closely, less spreads decoding more evenly. Of 1, 2, 4, 8, 16 and 64, 16 meets the objectives most often
    /// on Mooncake's two traces together (tests/Simulator, 8 replicas); 1, the default of Dynamo's router, finds a third less in the caches.
    /// </remarks>
    public double PrefillWeight { get; set; } = 16;

    /// <summary><c>cache-aware</c>: temperature of the draw among replicas, in parts of the difference between the best and the worst; 0 to 10. Default 0: always the best.</summary>
    /// <remarks>For many gateways that see the same old loads and would all run to the same replica.</remarks>
    public double Temperature { get; set; }

    /// <summary>Part of a KV block's prefill that is saved where the block has to be loaded from the replica's host memory, 0 to 1. Default 0.85.</summary>
    /// <remarks>By arithmetic: 320 KiB per token over 20 GB/s are 16 microseconds, the prefill of a token of a 70-billion-parameter model on 8 A800 is 113.</remarks>
    public double HostCredit { get; set; } = 0.85;

    /// <summary>Time to the first token that requests should keep, 1 ms to 1 h. Default 5 s.</summary>
    /// <remarks>The objective of Dynamo's published comparison of routers. Used where a policy predicts (<c>first-token</c>).</remarks>
    public TimeSpan FirstTokenObjective { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary><c>first-token</c>: time between tokens that requests should keep, 1 ms to 1 min. Default 100 ms.</summary>
    /// <remarks>As <see cref="FirstTokenObjective"/>; the fastest of the three objectives of Mooncake's evaluation.</remarks>
    public TimeSpan NextTokenObjective { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether a request whose predicted first token misses <see cref="FirstTokenObjective"/> everywhere is refused as overloaded. Default false.</summary>
    /// <remarks>Refusing at once serves the others better than answering late, but only who has clients that come back wants it. Needs a policy that predicts.</remarks>
    public bool RefuseLate { get; set; }

    /// <summary><c>first-token</c>: tokens whose keys and values one replica sends another per second, 0 to 1e9. Default 0: no copying.</summary>
    /// <remarks>Bytes per second of the network over the model's KV bytes per token: 10 GB/s and 320 KiB are 30,000. Only replicas that lend (Xllm:KvTiers:PeerPort) are copied from.</remarks>
    public double CopyTokensPerSecond { get; set; }

    /// <summary><c>first-token</c>: how many times as much of a prompt another replica must hold before its KV blocks are copied, 1 to 1,000. Default 1.5.</summary>
    /// <remarks>The threshold of Mooncake's algorithm 1, whose value the paper leaves open.</remarks>
    public double CopyThreshold { get; set; } = 1.5;
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

        Check(options.RefreshPeriod, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1), nameof(options.RefreshPeriod), "10 ms to 1 min", faults);
        Check(options.StaleAfter, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10), nameof(options.StaleAfter), "100 ms to 10 min", faults);
        Check(options.PrefillWeight, 0, 1000, nameof(options.PrefillWeight), "0 to 1,000", faults);
        Check(options.Temperature, 0, 10, nameof(options.Temperature), "0 to 10", faults);
        Check(options.HostCredit, 0, 1, nameof(options.HostCredit), "0 to 1", faults);
        Check(options.FirstTokenObjective, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(options.FirstTokenObjective), "1 ms to 1 h", faults);
        Check(options.NextTokenObjective, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1), nameof(options.NextTokenObjective), "1 ms to 1 min", faults);
        Check(options.CopyTokensPerSecond, 0, 1e9, nameof(options.CopyTokensPerSecond), "0 to 1e9", faults);
        Check(options.CopyThreshold, 1, 1000, nameof(options.CopyThreshold), "1 to 1,000", faults);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static void Check<T>(T value, T least, T most, string option, string range, List<string> faults)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)        // NaN compares below everything
        {
            faults.Add($"{option} must be {range}, it is {value}");
        }
    }
}
