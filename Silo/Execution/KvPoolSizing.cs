namespace XLLM.Silo.Execution;

/// <summary>Memory to KV blocks. Arithmetic alone.</summary>
internal static class KvPoolSizing
{
    /// <summary>A context below this serves nobody: a short question with its answer has about as many tokens.</summary>
    public const int LeastContext = 256;

    /// <summary>Decides how many KV blocks to have, and how long a sequence may get.</summary>
    /// <param name="wish">What is there, and what was asked for.</param>
    /// <exception cref="KvPoolException">Too little memory; the message has both numbers and the remedy.</exception>
    public static KvPoolSize Size(KvPoolWish wish)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(wish.BytesPerBlock, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(wish.BlockTokens, 1);
        var bytes = wish.MemoryBytes ?? (long)(wish.MemoryFraction * wish.AvailableBytes);
        var modelContext = Math.Min(wish.ModelContext, wish.MaxContext ?? int.MaxValue);

        // More than all running sequences at full length can only be used by the prefix cache; a pool given in bytes is taken as it is.
        var useful = wish.MemoryBytes is null ? Math.BigMul(wish.MaxRunningSequences, BlocksFor(modelContext, wish.BlockTokens) + wish.StateBlocks) : long.MaxValue;
        var blocks = (int)Math.Min(Math.Min(bytes / wish.BytesPerBlock, useful), int.MaxValue / wish.BlockTokens);
        var context = (int)Math.Min(modelContext, Math.Max(0, (long)blocks - wish.StateBlocks) * wish.BlockTokens);

        // Who asks for a context gets it or an error. Who does not, gets what fits, if it is of any use.
        var needed = wish.MaxContext is null ? Math.Min(modelContext, LeastContext) : modelContext;
        if (context < needed)
        {
            var neededBytes = (BlocksFor(needed, wish.BlockTokens) + wish.StateBlocks) * wish.BytesPerBlock;
            var state = wish.StateBlocks > 0 ? $", {wish.StateBlocks} of them the recurrent state of a sequence" : string.Empty;
            var lower = wish.MaxContext is not null && context >= LeastContext ? $", or a context of at most {context} tokens" : string.Empty;
            throw new KvPoolException(
                $"KV cache: {Mebibytes(bytes)} hold {context} tokens ({blocks} blocks of {wish.BlockTokens} tokens, {wish.BytesPerBlock} bytes each{state}), "
                + $"but {needed} tokens are needed; give it at least {Mebibytes(neededBytes)} (KvMemoryBytes or KvMemoryFraction), keys and values of half the size (KvType BF16){lower}");
        }

        return new KvPoolSize(blocks, blocks * wish.BytesPerBlock, context);
    }

    private static int BlocksFor(int tokens, int blockTokens) => (int)(((long)tokens + blockTokens - 1) / blockTokens);

    private static string Mebibytes(long bytes) => bytes < 1 << 20 ? $"{bytes} bytes" : FormattableString.Invariant($"{bytes / 1048576.0:0.#} MiB");
}

/// <summary>What decides the size of a KV pool.</summary>
internal sealed record KvPoolWish
{
    /// <summary>Bytes of one KV block, all layers: <see cref="KvGeometry.BytesPerBlock"/>.</summary>
    public required long BytesPerBlock { get; init; }

    /// <summary>Tokens of one KV block.</summary>
    public required int BlockTokens { get; init; }

    /// <summary>KV blocks of a sequence that do not grow with it: <see cref="KvGeometry.StateBlocks"/>.</summary>
    public int StateBlocks { get; init; }

    /// <summary>Longest sequence the model was made for, in tokens.</summary>
    public required int ModelContext { get; init; }

    /// <summary>Longest sequence asked for, in tokens; null: what the model can and the memory holds.</summary>
    public int? MaxContext { get; init; }

    /// <summary>Sequences that may hold blocks at a time.</summary>
    public required int MaxRunningSequences { get; init; }

    /// <summary>Bytes asked for; null: <see cref="MemoryFraction"/> of <see cref="AvailableBytes"/>.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Part of the memory, 0 to 1.</summary>
    public double MemoryFraction { get; init; }

    /// <summary>Bytes of the memory that the backend may use.</summary>
    public long AvailableBytes { get; init; }
}

/// <summary>Size of a KV pool.</summary>
/// <param name="Blocks">KV blocks.</param>
/// <param name="Bytes">Bytes of all blocks.</param>
/// <param name="MaxContext">Longest sequence that can run, in tokens of prompt and output.</param>
internal readonly record struct KvPoolSize(int Blocks, long Bytes, int MaxContext);

/// <summary>There is too little memory for keys and values; the message says what to do.</summary>
internal sealed class KvPoolException(string message) : Exception(message);
