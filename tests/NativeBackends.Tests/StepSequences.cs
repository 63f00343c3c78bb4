using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>A pool of KV blocks and sequences whose random rows follow from a seed, run through an attention step by step.</summary>
/// <param name="harness">The backend.</param>
/// <param name="kv">The layer that is attended to; the pool is full of NaN at first, since what no sequence wrote must not matter.</param>
internal abstract class StepSequences(Harness harness, KvLayer kv)
{
    protected Harness Harness { get; } = harness;

    protected KvLayer Kv { get; } = kv;

    /// <summary>One sequence's part of a step.</summary>
    /// <param name="Seed">Which sequence: its queries, keys and values follow from it.</param>
    /// <param name="Computed">Tokens that earlier steps stored.</param>
    /// <param name="Rows">Rows of this step.</param>
    /// <param name="Blocks">Its blocks in token order.</param>
    public sealed record Part(int Seed, int Computed, int Rows, int[] Blocks);

    /// <summary>Runs a step; returns each part's rows.</summary>
    public float[][] Step(params Part[] parts)
    {
        var ops = Harness.Ops;
        ops.BeginStep();
        var starts = new int[parts.Length + 1];
        for (var i = 0; i < parts.Length; i++)
        {
            starts[i + 1] = starts[i] + parts[i].Rows;
        }

        // Columns past a table's own blocks hold what must not be read.
        var most = parts.Max(part => part.Blocks.Length);
        int[] tables = [.. parts.SelectMany(part => part.Blocks.Concat(Enumerable.Repeat(int.MaxValue, most - part.Blocks.Length)))];
        int[] slots = [.. parts.SelectMany(part => Positions(part).Select(position => (part.Blocks[position / Kv.BlockTokens] * Kv.BlockTokens) + (position % Kv.BlockTokens)))];
        var batch = new AttentionBatch(
            ops.Integers(starts), ops.Integers([.. parts.Select(part => part.Computed + part.Rows)]), ops.Integers(tables, parts.Length), ops.Integers(slots));
        var y = Attend(parts, batch);
        return [.. parts.Select((part, i) => Read(y.RowSlice(starts[i], part.Rows)))];
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

    /// <summary>Runs random sequences alone, then in random steps of prefill and decode together, and compares the bits of every row.</summary>
    /// <param name="alone">Runs them alone, each in one step.</param>
    /// <param name="together">Runs them together; a pool of its own.</param>
    public static void AssertSameBitsInABatch(StepSequences alone, StepSequences together)
    {
        const int Sequences = 16;
        const int Blocks = 9;
        var random = new Random(5);
        var lengths = Enumerable.Range(0, Sequences).Select(_ => random.Next(1, Blocks * alone.Kv.BlockTokens)).ToArray();
        var blocks = Enumerable.Range(0, Sequences).Select(s => Enumerable.Range(0, Blocks).Select(b => (b * Sequences) + s).ToArray()).ToArray();
        var expected = lengths.Select((length, s) => alone.Run(s, length, length, blocks[s])).ToArray();

        // Random grants for random sequences, decode and prefill mixed, until all is computed.
        var results = lengths.Select(_ => new List<float>()).ToArray();
        var computed = new int[Sequences];
        while (Enumerable.Range(0, Sequences).Any(s => computed[s] < lengths[s]))
        {
            var parts = Enumerable.Range(0, Sequences)
                .Where(s => computed[s] < lengths[s] && random.Next(4) > 0)
                .Select(s => new Part(s, computed[s], Math.Min(random.Next(3) == 0 ? 1 : random.Next(1, 90), lengths[s] - computed[s]), blocks[s]))
                .OrderBy(_ => random.Next())
                .ToArray();
            if (parts.Length == 0)
            {
                continue;
            }

            foreach (var (part, rows) in parts.Zip(together.Step(parts)))
            {
                results[part.Seed].AddRange(rows);
                computed[part.Seed] += part.Rows;
            }
        }

        for (var s = 0; s < Sequences; s++)
        {
            Compare.SameBits(expected[s], results[s].ToArray());
        }
    }

    /// <summary>The op under test on the rows of a step.</summary>
    protected abstract Tensor Attend(Part[] parts, AttentionBatch batch);

    /// <summary>A result's elements.</summary>
    protected virtual float[] Read(Tensor rows) => Harness.Read(rows);

    /// <summary>Positions of a part's rows.</summary>
    protected static IEnumerable<int> Positions(Part part) => Enumerable.Range(part.Computed, part.Rows);

    /// <summary>Random numbers for every row of a step, the same for a token wherever it is computed.</summary>
    /// <param name="parts">Of the step.</param>
    /// <param name="what">Which of a token's vectors, 0 to 9.</param>
    /// <param name="width">Columns.</param>
    /// <param name="factor">On each number.</param>
    /// <param name="gap">Elements between two rows.</param>
    protected Tensor Random(Part[] parts, int what, int width, float factor = 1, int gap = 0) => Harness.Floats(
        [.. parts.SelectMany(part => Positions(part).SelectMany(position => Harness.Random((part.Seed * 100_000) + (position * 10) + what, width).Select(value => value * factor)))],
        parts.Sum(part => part.Rows),
        gap) with { Columns = width };

    /// <summary>A pool of NaN.</summary>
    protected static nint Pool(Harness harness, long bytes)
    {
        var pool = new byte[bytes];
        Array.Fill(pool, (byte)0xFF);
        return harness.Place(pool);
    }
}
