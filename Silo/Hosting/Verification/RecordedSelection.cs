using System.Globalization;
using System.Runtime.InteropServices;
using XLLM.NativeBackends;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>Checks what an indexer chooses for a whole prompt, and puts the reference's choice among equal scores in its place.</summary>
/// <remarks>
/// An indexer's scores are sums of max(0, x), so many are exactly 0, and with the small indexers of golden cases the last place often falls among them. The
/// reference then takes what its partial sorting happens to leave in front, which depends on the tokens that follow the row. No engine that computes a row once,
/// in chunks or with other rows, can know those; ours takes the lower position (decision D2). So that everything after the choice can still be compared on every
/// row, a whole prompt is computed with the reference's choice among equals. Where scores differ, ours stands, and an inferior choice is an error.
/// </remarks>
internal sealed class RecordedSelection(IBackend backend)
{
    /// <summary>Scores that differ by less, relative to the row's largest, may be in either order: ours are sums in float32.</summary>
    private const double Rounding = 1e-5;

    private readonly List<(double Score, int Position)> _order = [];

    /// <summary>Rows so far whose last place fell among equal scores.</summary>
    public int Ties { get; private set; }

    /// <summary>For <see cref="ForwardBatch.ReviseSelection"/>, in a step that is one whole prompt.</summary>
    /// <exception cref="OpException">A position was left out though it scores higher than one that was chosen.</exception>
    public Tensor Revise(IndexedRows rows)
    {
        var selection = rows.Selection;
        if (selection.Rows <= rows.Most)
        {
            return selection;
        }

        var chosen = new int[selection.Rows * selection.Columns];
        backend.Download(selection.Data, MemoryMarshal.AsBytes(chosen.AsSpan()));
        var (queries, keys, weights) = (Read(rows.Queries), Read(rows.Keys), Read(rows.Weights));
        for (var row = rows.Most; row < selection.Rows; row++)
        {
            Revise(row, Scores(queries[row], keys, weights[row], row), selection.Rows, chosen.AsSpan(row * selection.Columns, selection.Columns));
        }

        return backend.Ops.Integers(chosen, selection.Rows);
    }

    private void Revise(int row, double[] scores, int tokens, Span<int> chosen)
    {
        var worst = double.PositiveInfinity;
        var left = Enumerable.Range(0, scores.Length).ToHashSet();
        foreach (var position in chosen)
        {
            worst = Math.Min(worst, scores[position]);
            left.Remove(position);
        }

        var best = left.Max(position => scores[position]);
        if (best > worst + (Rounding * scores.Max(Math.Abs)))
        {
            throw new OpException(string.Create(
                CultureInfo.InvariantCulture, $"select_positions: row {row} chose a position with score {worst} and left one out with score {best}"));
        }

        if (best == worst)
        {
            Ties++;
            _order.Clear();
            for (var position = 0; position < tokens; position++)
            {
                _order.Add((position < scores.Length ? scores[position] : double.NegativeInfinity, position));
            }

            PartialSort.PutGreatestFirst(CollectionsMarshal.AsSpan(_order), chosen.Length);
            for (var i = 0; i < chosen.Length; i++)
            {
                chosen[i] = _order[i].Position;
            }

            chosen.Sort();
        }
    }

    /// <summary>The scores of the positions that a row sees, up to a factor.</summary>
    private static double[] Scores(float[] query, float[][] keys, float[] weights, int row)
    {
        var scores = new double[row + 1];
        for (var position = 0; position <= row; position++)
        {
            var key = keys[position];
            for (var head = 0; head < weights.Length; head++)
            {
                var product = 0.0;
                for (var column = 0; column < key.Length; column++)
                {
                    product += (double)query[(head * key.Length) + column] * key[column];
                }

                scores[position] += weights[head] * Math.Max(0, product);
            }
        }

        return scores;
    }

    private float[][] Read(Tensor rows) => [.. Enumerable.Range(0, rows.Rows).Select(row => backend.Ops.ReadRow(rows, row).ToArray())];
}
