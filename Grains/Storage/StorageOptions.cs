using Microsoft.Extensions.Options;

namespace XLLM.Grains.Storage;

/// <summary>How durable writes deal with a storage that does not answer.</summary>
public sealed class StorageOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string SectionName = "Xllm:Storage";

    /// <summary>How long a write of a turn that was generated already is tried again before its caller is told that it failed: zero to 1 h. Default 60 s.</summary>
    /// <remarks>Twice the 30 s outage that serving must get through (a database that fails over or restarts). Nothing is acknowledged before it is stored.</remarks>
    public TimeSpan RetryFor { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest pause between two tries: 10 ms to 1 min. Default 2 s.</summary>
    /// <remarks>Pauses double from 50 ms: a short hiccup costs little, and a storage that comes back is noticed within this.</remarks>
    public TimeSpan LongestPause { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>Checks <see cref="StorageOptions"/>; tells all faults.</summary>
internal sealed class StorageOptionsValidator : IValidateOptions<StorageOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        var faults = new List<string>();
        if (options.RetryFor < TimeSpan.Zero || options.RetryFor > TimeSpan.FromHours(1))
        {
            faults.Add($"{nameof(options.RetryFor)} must be 0 to 1 h, it is {options.RetryFor}");
        }

        if (options.LongestPause < TimeSpan.FromMilliseconds(10) || options.LongestPause > TimeSpan.FromMinutes(1))
        {
            faults.Add($"{nameof(options.LongestPause)} must be 10 ms to 1 min, it is {options.LongestPause}");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
