using Microsoft.Extensions.Options;

namespace XLLM.Grains.Prefixes;

/// <summary>How silos tell each other which prefixes they hold.</summary>
public sealed class PrefixOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string SectionName = "Xllm:Prefixes";

    /// <summary>Whether prefixes are published and known at all. Default true.</summary>
    public bool IsEnabled { get; set; } = true;

    /// <summary>How often a silo tells the others what has changed: 5 ms to 10 s. Default 50 ms.</summary>
    /// <remarks>Under the time of one step of a prompt, so a conversation's next turn is known before a person can send it; streams of Orleans would poll every 100 ms.</remarks>
    public TimeSpan Period { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Most prefix hashes that a silo knows, over all replicas: 1,000 to 100,000,000. Default 4,000,000.</summary>
    /// <remarks>32 bytes each at 70 % load: 4,000,000 take up to 268 MB, and are 64 million tokens of 16 to a block. The table grows with what it knows.</remarks>
    public int MostHashes { get; set; } = 4_000_000;

    /// <summary>Most changes in one call: 1 to 65,536. Default 4,096, about 70 KB.</summary>
    public int ChangesPerCall { get; set; } = 4096;

    /// <summary>Changes that a silo keeps for others that are behind: 1 to 10,000,000. Default 65,536.</summary>
    /// <remarks>Who is behind further is told everything again.</remarks>
    public int KeptChanges { get; set; } = 65_536;
}

/// <summary>Checks <see cref="PrefixOptions"/>; tells all faults.</summary>
internal sealed class PrefixOptionsValidator : IValidateOptions<PrefixOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, PrefixOptions options)
    {
        var faults = new List<string>();
        if (options.Period < TimeSpan.FromMilliseconds(5) || options.Period > TimeSpan.FromSeconds(10))
        {
            faults.Add($"{nameof(options.Period)} must be 5 ms to 10 s, it is {options.Period}");
        }

        Range(nameof(options.MostHashes), options.MostHashes, 1000, 100_000_000);
        Range(nameof(options.ChangesPerCall), options.ChangesPerCall, 1, 65_536);
        Range(nameof(options.KeptChanges), options.KeptChanges, 1, 10_000_000);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Range(string option, int value, int least, int most)
        {
            if (value < least || value > most)
            {
                faults.Add($"{option} must be {least} to {most}, it is {value}");
            }
        }
    }
}
