using Microsoft.Extensions.Options;

namespace XLLM.Silo.Transfer;

/// <summary>Where KV blocks go when the device pool needs their room, and from where they come back.</summary>
internal sealed class KvTierOptions
{
    /// <summary>Bytes of host memory for blocks that left the device pool; 0 turns all tiers off. 0 to 1 TiB. Default 256 MiB.</summary>
    /// <remarks>
    /// Taken page by page as blocks come, so a pool that never evicts costs nothing. 256 MiB hold about 32,000 tokens of the demo model, and are
    /// small beside the quarter of the memory that the pool itself takes.
    /// </remarks>
    public long HostBytes { get; set; } = 256L << 20;

    /// <summary>Bytes of grain storage per model for blocks that must outlive the process; 0 turns that tier off. 0 to 1 TiB. Default 0.</summary>
    /// <remarks>Off until asked for: blocks are 8 to 100 times larger than conversations, and both would share one file and its one writer.</remarks>
    public long StorageBytes { get; set; }

    /// <summary>When blocks are copied down. Default <see cref="KvWritePolicy.WriteBack"/>; with <see cref="StorageBytes"/> write-through is what survives a kill.</summary>
    public KvWritePolicy WritePolicy { get; set; } = KvWritePolicy.WriteBack;

    /// <summary>Reuses that make a block worth copying under <see cref="KvWritePolicy.Selective"/>: 1 to 1,000. Default 1.</summary>
    /// <remarks>A block that was wanted twice is likely to be wanted again; most are never reused at all.</remarks>
    public int SelectiveHits { get; set; } = 1;

    /// <summary>In which form they are kept. Default <see cref="KvForm.Exact"/>: same tokens, bit for bit.</summary>
    public KvForm Form { get; set; } = KvForm.Exact;

    /// <summary>Bytes of host memory for blocks on their way between tiers, beside <see cref="HostBytes"/>. 1 MiB to 64 GiB. Default 64 MiB.</summary>
    /// <remarks>Four steps of 512 rows of the demo model. Where it is full, blocks are dropped instead of copied: the loop never waits.</remarks>
    public long StagingBytes { get; set; } = 64L << 20;

    /// <summary>Most bytes that an idle engine copies out at a time. 64 KiB to 1 GiB. Default 16 MiB.</summary>
    /// <remarks>About 3 ms at 5 GB/s: what a request that comes meanwhile may wait.</remarks>
    public long IdleCopyBytes { get; set; } = 16L << 20;

    /// <summary>Fewest tokens for which storage and peers are asked: 1 to 1,000,000. Default 256.</summary>
    /// <remarks>Source: the prefetch threshold of SGLang's HiCache. Below it a question costs about what the computation does.</remarks>
    public int LeastRemoteTokens { get; set; } = 256;

    /// <summary>Port on which other silos fetch blocks; 0, the default, means none.</summary>
    public int PeerPort { get; set; }

    /// <summary>Address to listen on for other silos. Default 127.0.0.1: this machine.</summary>
    public string PeerHost { get; set; } = "127.0.0.1";

    /// <summary>Secret that silos prove to each other before blocks are sent; at least 16 characters where <see cref="PeerPort"/> is set.</summary>
    public string PeerSecret { get; set; } = "";
}

/// <summary>Checks <see cref="KvTierOptions"/> and lists all faults.</summary>
internal sealed class KvTierOptionsValidator : IValidateOptions<KvTierOptions>
{
    private const long Tebibyte = 1L << 40;

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, KvTierOptions options)
    {
        var faults = Faults(options).ToArray();
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static IEnumerable<string> Faults(KvTierOptions options)
    {
        string?[] faults =
        [
            Range(nameof(options.HostBytes), options.HostBytes, 0, Tebibyte),
            Range(nameof(options.StorageBytes), options.StorageBytes, 0, Tebibyte),
            Check(options.StorageBytes == 0 || options.HostBytes > 0, "StorageBytes needs HostBytes: blocks reach storage through host memory"),
            Check(Enum.IsDefined(options.WritePolicy), $"WritePolicy must be WriteBack, WriteThrough or Selective; it is {options.WritePolicy}"),
            Check(Enum.IsDefined(options.Form), $"Form must be Exact, Int8 or Zstd; it is {options.Form}"),
            Range(nameof(options.SelectiveHits), options.SelectiveHits, 1, 1000),
            Range(nameof(options.StagingBytes), options.StagingBytes, 1 << 20, 64L << 30),
            Range(nameof(options.IdleCopyBytes), options.IdleCopyBytes, 64 << 10, 1L << 30),
            Range(nameof(options.LeastRemoteTokens), options.LeastRemoteTokens, 1, 1_000_000),
            Range(nameof(options.PeerPort), options.PeerPort, 0, 65_535),
            Check(
                options.PeerPort == 0 || options.PeerSecret.Length >= 16,
                $"PeerSecret must have at least 16 characters where PeerPort is set; it has {options.PeerSecret.Length}"),
            Check(
                options.PeerPort == 0 || (System.Net.IPAddress.TryParse(options.PeerHost, out var address) && !address.Equals(System.Net.IPAddress.Any)),
                $"PeerHost must be the IP address by which other silos reach this one; it is '{options.PeerHost}'"),
        ];
        return faults.OfType<string>();
    }

    private static string? Range(string name, long value, long least, long most) =>
        Check(value >= least && value <= most, $"{name} must be {least} to {most}; it is {value}");

    private static string? Check(bool condition, string fault) => condition ? null : $"KV tiers: {fault}";
}
