using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>A pool of KV blocks and random queries, keys and values of sequences, run through paged attention step by step.</summary>
internal sealed class PagedSequences
{
    private readonly Harness _harness;
    private readonly HeadLayout _heads;
    private readonly KvLayer _kv;
    private readonly float _scale;

    /// <param name="harness">The backend.</param>
    /// <param name="heads">Head counts and size.</param>
    /// <param name="dtype">Of the pool.</param>
    /// <param name="blockTokens">Tokens of a block.</param>
    /// <param name="blocks">Blocks of the pool. It is full of NaN, since what no sequence wrote must not matter.</param>
    public PagedSequences(Harness harness, HeadLayout heads, DType dtype, int blockTokens, int blocks)
    {
        _harness = harness;
        _heads = heads;
        _scale = 1 / MathF.Sqrt(heads.HeadSize);

        // The layer lies in the middle of its block, as one of several would.
        var vectors = (long)heads.KvWidth * blockTokens * dtype.Size();
        var pool = new byte[blocks * 4 * vectors];
        Array.Fill(pool, (byte)0xFF);
        _kv = new KvLayer(harness.Place(pool), dtype, blockTokens, heads.KvHeads, heads.HeadSize, 4 * vectors, 2 * vectors, vectors);
    }

    /// <summary>One sequence's part of a step.</summary>
    /// <param name="Seed">Which sequence: its queries, keys and values follow from it.</param>
    /// <param name="Computed">Tokens that earlier steps stored.</param>
    /// <param name="Rows">Rows of this step.</param>
    /// <param name="Blocks">Its blocks in token order.</param>
    public sealed record Part(int Seed, int Computed, int Rows, int[] Blocks);

    /// <summary>Runs a step; returns each part's rows.</summary>
    public float[][] Step(params Part[] parts)
    {
        _harness.Ops.BeginStep();
        var rows = parts.Sum(part => part.Rows);
        var starts = new int[parts.Length + 1];
        for (var i = 0; i < parts.Length; i++)
        {
            starts[i + 1] = starts[i] + parts[i].Rows;
        }

        // Columns past a table's own blocks hold what must not be read.
        var most = parts.Max(part => part.Blocks.Length);
        int[] tables = [.. parts.SelectMany(part => part.Blocks.Concat(Enumerable.Repeat(int.MaxValue, most - part.Blocks.Length)))];
        int[] slots = [.. parts.SelectMany(part => Enumerable.Range(part.Computed, part.Rows)
            .Select(position => (part.Blocks[position / _kv.BlockTokens] * _kv.BlockTokens) + (position % _kv.BlockTokens)))];

        var batch = new AttentionBatch(
            _harness.Ops.Integers(starts),
            _harness.Ops.Integers([.. parts.Select(part => part.Computed + part.Rows)]),
            _harness.Ops.Integers(tables, parts.Length),
            _harness.Ops.Integers(slots));
        var y = _harness.Ops.PagedAttention(
            _harness.Floats(Rows(1, _heads.QueryWidth), rows, gap: 3) with { Columns = _heads.QueryWidth },
            _harness.Floats(Rows(2, _heads.KvWidth), rows, gap: 1) with { Columns = _heads.KvWidth },
            _harness.Floats(Rows(3, _heads.KvWidth), rows) with { Columns = _heads.KvWidth },
            _kv,
            batch,
            _heads,
            _scale);
        return [.. parts.Select((part, i) => _harness.Read(y.RowSlice(starts[i], part.Rows)))];

        float[] Rows(int what, int width) => [.. parts.SelectMany(part =>
            Enumerable.Range(part.Computed, part.Rows).SelectMany(position => Harness.Random((part.Seed * 100_000) + (position * 10) + what, width)
                .Select(value => what == 1 ? value * 4 : value)))];
    }

    /// <summary>Runs a sequence alone in steps of at most this many rows; returns all its rows.</summary>
    public float[] Run(int seed, int tokens, int chunk, int[] blocks)
    {
        var results = new List<float>();
        for (var computed = 0; computed < tokens; computed += chunk)
        {
            results.AddRange(Step(new Part(seed, computed, Math.Min(chunk, tokens - computed), blocks))[0]);
        }

        return [.. results];
    }
}
