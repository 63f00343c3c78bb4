using Microsoft.Extensions.Options;

namespace XLLM.Grains.Scaling;

/// <summary>When models come into memory and leave it. Section <c>Xllm:Lifecycle</c>.</summary>
public sealed class LifecycleOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string SectionName = "Xllm:Lifecycle";

    /// <summary>Whether a request for a model that a silo knows, but nobody has loaded, loads it. Then silos load none at their start. Default false.</summary>
    /// <remarks>Models that an administrator wanted, and that were unloaded for lack of use or memory, are loaded again by a request in any case.</remarks>
    public bool LoadOnFirstUse { get; set; }

    /// <summary>Time without a request after which a model leaves memory, 1 s to 30 days; null, the default: never.</summary>
    /// <remarks>llama-swap's and Ollama's habit is minutes; a server that owns its machine does better to keep what it has.</remarks>
    public TimeSpan? IdleUnload { get; set; }

    /// <summary>Most bytes of weights and KV pools in one silo, at least 1; null, the default: no bound. A model that a request wants and that does not fit takes the place of the one longest unused.</summary>
    public long? MemoryBudgetBytes { get; set; }

    /// <summary>Idle time below which a model is not pushed out by another one, 0 to 1 day. Default 10 s.</summary>
    /// <remarks>Two models in turn that fit only one at a time would otherwise be loaded for every request; the second then waits.</remarks>
    public TimeSpan MinResidence { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between two looks at what is and what should be, 50 ms to 1 min. Default 1 s.</summary>
    /// <remarks>Replicas take seconds to load; a look is one small call per silo.</remarks>
    public TimeSpan ReconcilePeriod { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Time in which a silo is not asked again to load a model that failed there, 0 to 1 day. Default 30 s.</summary>
    /// <remarks>A fault of files or memory seldom goes away by itself, and loading costs reading gigabytes.</remarks>
    public TimeSpan FailureBackoff { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait of a request for its model to be loaded, 1 s to 9 min. Default 5 min.</summary>
    /// <remarks>The caller's own patience is shorter as a rule: the gateway asks twice for 30 s (Orleans' response timeout), then answers 503 with Retry-After, and the loading goes on.</remarks>
    public TimeSpan DemandTimeout { get; set; } = TimeSpan.FromMinutes(5);
}

/// <summary>Checks <see cref="LifecycleOptions"/>; tells all faults.</summary>
internal sealed class LifecycleOptionsValidator : IValidateOptions<LifecycleOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, LifecycleOptions options)
    {
        var faults = new List<string>();
        Check(nameof(options.IdleUnload), options.IdleUnload ?? TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromDays(30));
        Check(nameof(options.MinResidence), options.MinResidence, TimeSpan.Zero, TimeSpan.FromDays(1));
        Check(nameof(options.ReconcilePeriod), options.ReconcilePeriod, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1));
        Check(nameof(options.FailureBackoff), options.FailureBackoff, TimeSpan.Zero, TimeSpan.FromDays(1));
        Check(nameof(options.DemandTimeout), options.DemandTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(9));
        if (options.MemoryBudgetBytes is < 1)
        {
            faults.Add($"{nameof(options.MemoryBudgetBytes)} must be at least 1, it is {options.MemoryBudgetBytes}");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Check(string option, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                faults.Add($"{LifecycleOptions.SectionName}:{option} must be {least} to {most}, it is {value}");
            }
        }
    }
}
