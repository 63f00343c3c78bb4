using Microsoft.Extensions.Options;
using XLLM.Silo.Execution;
using XLLM.Silo.KvCache;
using XLLM.Silo.Scheduling;

namespace XLLM.Silo.Engine;

/// <summary>How an engine runs. Checked by <see cref="EngineOptionsValidator"/>.</summary>
internal sealed class EngineOptions
{
    /// <summary>Most rows of one step, over all sequences: 1 to 65,536, and at least <see cref="MaxRunningSequences"/>. Default 512.</summary>
    /// <remarks>
    /// Longer steps make prompts cheaper and decoding sequences wait longer. Measured on two Zen 4 cores, the strongest peer computes about 340 rows/s of a
    /// 0.6-billion-parameter model in bf16, so 512 rows are 1.5 s, of which reading the weights once takes 40 ms: longer steps would save nothing.
    /// Accelerators want 2,048 and more.
    /// </remarks>
    public int MaxTokensPerStep { get; set; } = 512;

    /// <summary>Most sequences that hold KV blocks at a time: 1 to 4,096. Default 64.</summary>
    /// <remarks>Measured on two Zen 4 cores, a peer's throughput of batched decode still grows from 16 to 32 sequences; twice that leaves room.</remarks>
    public int MaxRunningSequences { get; set; } = 64;

    /// <summary>Most sequences that wait for a first grant; the next one is refused as overloaded. 0 to 1,000,000. Default 256.</summary>
    /// <remarks>Four times <see cref="MaxRunningSequences"/>: a request waits for about four generations at worst, after which a client does better to ask elsewhere.</remarks>
    public int MaxQueuedSequences { get; set; } = 256;

    /// <summary>Who is admitted first: "priority" (lower number first, then arrival) or "fcfs" (arrival). Default "priority".</summary>
    /// <remarks>Without priorities in the requests the two are the same. An answer that goes on after its silo was lost arrived before all that are new.</remarks>
    public string AdmissionOrder { get; set; } = "priority";

    /// <summary>Whether step n + 1 is planned while step n executes. Default true.</summary>
    /// <remarks>Same tokens either way. False uses one thread, and is easier to debug.</remarks>
    public bool AsyncScheduling { get; set; } = true;

    /// <summary>Tokens of one KV block: a power of two from 1 to 256. Default 16.</summary>
    /// <remarks>Smaller blocks share more of a prefix and cost more bookkeeping. 16 is the field's usual choice (decision D8).</remarks>
    public int BlockTokens { get; set; } = 16;

    /// <summary>Whether full KV blocks are kept and found again by their prefix hash. Default true.</summary>
    public bool PrefixCaching { get; set; } = true;

    /// <summary>How keys and values are kept. Default F32, which is exact; BF16 halves the memory.</summary>
    public KvType KvType { get; set; } = KvType.F32;

    /// <summary>Bytes of KV memory, at least 1. Default null: <see cref="KvMemoryFraction"/> of what is available.</summary>
    public long? KvMemoryBytes { get; set; }

    /// <summary>Part of the available memory for keys and values where <see cref="KvMemoryBytes"/> is null: over 0 to 0.95. Default 0.25.</summary>
    /// <remarks>The rest is for mapped weights, the system's file cache and the other grains of the silo. Pages are taken only when they are first written.</remarks>
    public double KvMemoryFraction { get; set; } = 0.25;

    /// <summary>Longest sequence in tokens of prompt and output, at least 1. Default null: what the model can and the KV memory holds.</summary>
    public int? MaxContext { get; set; }

    /// <summary>With work to do and no step finished for this long, the engine is not healthy. Over 0. Default 60 s.</summary>
    /// <remarks>The longest step measured with the defaults takes under 2 s; the rest is for machines that are slower or busy.</remarks>
    public TimeSpan HangTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a stopping engine lets generations finish before it ends them. 0 or more. Default 20 s.</summary>
    /// <remarks>Ends before the 30 s after which the .NET host gives up waiting for its services (HostOptions.ShutdownTimeout).</remarks>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>What these options mean for the size of the KV pool: the input of <see cref="KvPoolSizing.Size"/>.</summary>
    /// <param name="bytesPerBlock">Bytes of one KV block, all layers.</param>
    /// <param name="modelContext">Longest sequence the model was made for, in tokens.</param>
    /// <param name="availableBytes">Memory that the backend may use.</param>
    public KvPoolWish PoolWish(long bytesPerBlock, int modelContext, long availableBytes) => new()
    {
        BytesPerBlock = bytesPerBlock,
        BlockTokens = BlockTokens,
        ModelContext = modelContext,
        MaxContext = MaxContext,
        MaxRunningSequences = MaxRunningSequences,
        MemoryBytes = KvMemoryBytes,
        MemoryFraction = KvMemoryFraction,
        AvailableBytes = availableBytes,
    };
}

/// <summary>Checks <see cref="EngineOptions"/> and lists all faults.</summary>
internal sealed class EngineOptionsValidator : IValidateOptions<EngineOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, EngineOptions options)
    {
        var faults = Faults(options).ToArray();
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static IEnumerable<string> Faults(EngineOptions options)
    {
        string?[] faults =
        [
            Range(nameof(options.MaxTokensPerStep), options.MaxTokensPerStep, 1, 65_536),
            Range(nameof(options.MaxRunningSequences), options.MaxRunningSequences, 1, 4_096),
            Check(
                options.MaxTokensPerStep >= options.MaxRunningSequences,
                $"MaxTokensPerStep must be at least MaxRunningSequences ({options.MaxRunningSequences}), so that each can have a token; it is {options.MaxTokensPerStep}"),
            Range(nameof(options.MaxQueuedSequences), options.MaxQueuedSequences, 0, 1_000_000),
            Check(
                AdmissionOrders.Find(options.AdmissionOrder) is not null,
                $"AdmissionOrder must be one of {string.Join(", ", AdmissionOrders.Names)}; it is '{options.AdmissionOrder}'"),
            Range(nameof(options.BlockTokens), options.BlockTokens, 1, 256),
            Check(int.IsPow2(options.BlockTokens), $"BlockTokens must be a power of two; it is {options.BlockTokens}"),
            Check(Enum.IsDefined(options.KvType), $"KvType must be F32, BF16 or Int8; it is {options.KvType}"),
            Check(options.KvMemoryBytes is null or >= 1, $"KvMemoryBytes must be at least 1; it is {options.KvMemoryBytes}"),
            Check(options.KvMemoryFraction is > 0 and <= 0.95, $"KvMemoryFraction must be over 0 to 0.95; it is {options.KvMemoryFraction}"),
            Check(options.MaxContext is null or >= 1, $"MaxContext must be at least 1; it is {options.MaxContext}"),
            Check(options.HangTimeout > TimeSpan.Zero, $"HangTimeout must be over 0; it is {options.HangTimeout}"),
            Check(options.DrainTimeout >= TimeSpan.Zero, $"DrainTimeout must be at least 0; it is {options.DrainTimeout}"),
        ];
        return faults.OfType<string>();
    }

    private static string? Range(string name, int value, int least, int most) =>
        Check(value >= least && value <= most, $"{name} must be {least} to {most}; it is {value}");

    private static string? Check(bool condition, string fault) => condition ? null : $"engine: {fault}";
}
