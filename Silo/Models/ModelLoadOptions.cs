using XLLM.Silo.Weights;
using XLLM.Silo.Weights.Quantization;

namespace XLLM.Silo.Models;

/// <summary>Where weights come from.</summary>
internal enum LoadFormat
{
    /// <summary>From the files of the folder.</summary>
    Auto,

    /// <summary>Random numbers: benchmarks of models whose checkpoint is not at hand.</summary>
    Dummy,
}

/// <summary>How a model is loaded.</summary>
internal sealed record ModelLoadOptions
{
    /// <summary>Where weights come from. Default: the files of the folder.</summary>
    public LoadFormat Format { get; init; }

    /// <summary>How much of each matrix is searched for NaN and infinity. Default: all of it.</summary>
    /// <remarks>A full search reads the checkpoint once at about the speed of memory: 1.2 GB took 0.1 to 0.3 s from the page cache (2 cores, AVX-512), 0.02 s sampled.
    /// Sampled is for checkpoints on slow disks; it can miss a single bad number.</remarks>
    public MatrixCheck MatrixCheck { get; init; }

    /// <summary>What plain weights are quantized to while they are loaded. Default: nothing.</summary>
    /// <remarks>Only for checkpoints of plain floats: rounding what is rounded already would add its error unseen.</remarks>
    public QuantizeTo Quantize { get; init; }

    /// <summary>Whether the tokens that end a generation are read and checked. Default: yes. For checks that draw no tokens: recorded cases name some that their small vocabularies lack.</summary>
    public bool ReadsEndTokens { get; init; } = true;

    /// <summary>Seed of random weights. Any number; default 0.</summary>
    public int Seed { get; init; }
}
