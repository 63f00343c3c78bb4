namespace XLLM.Silo.Sampling;

/// <summary>Memory for one row at a time, made once per executor, so that drawing allocates nothing.</summary>
/// <param name="vocabularySize">Columns of the logits.</param>
internal sealed class SamplerScratch(int vocabularySize)
{
    private readonly float[] _logits = new float[vocabularySize];
    private readonly float[] _adjusted = new float[vocabularySize];
    private readonly float[] _weights = new float[vocabularySize];
    private readonly double[] _blockSums = new double[(vocabularySize + LogitsMath.BlockSize - 1) / LogitsMath.BlockSize];
    private readonly int[] _tokens = new int[vocabularySize];
    private readonly float[] _values = new float[vocabularySize];

    /// <summary>The row as the pipeline changes it.</summary>
    public Span<float> Logits => _logits;

    /// <summary>The row before it was shaped: what log probabilities speak of.</summary>
    public Span<float> Adjusted => _adjusted;

    /// <summary>Exponentials of a row.</summary>
    public Span<float> Weights => _weights;

    /// <summary>Sums of blocks of <see cref="Weights"/>.</summary>
    public Span<double> BlockSums => _blockSums;

    /// <summary>Sums of weights by size of logit, for <see cref="Processors.TopP"/>.</summary>
    public double[] Histogram { get; } = new double[Processors.TopP.Bins];

    /// <summary>Tokens singled out.</summary>
    public Span<int> Tokens => _tokens;

    /// <summary>What goes with <see cref="Tokens"/>.</summary>
    public Span<float> Values => _values;
}
