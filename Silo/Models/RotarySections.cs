using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Which pairs of a head turn by time, which by row and which by column: M-RoPE's <c>mrope_section</c>.</summary>
/// <remarks>Sources: Qwen2-VL (arXiv:2409.12191) section 2.1, one section after the other; Qwen3-VL (arXiv:2511.21631) section 2.1, interleaved.</remarks>
internal static class RotarySections
{
    private const int Axes = 3;

    /// <summary>Reads the sections.</summary>
    /// <param name="file">The decoder's fields.</param>
    /// <param name="pairs">Pairs of a head that positions turn.</param>
    /// <param name="interleaved">Whether the axes take turns, pair by pair, or each has its pairs in a row.</param>
    /// <param name="missing">The sections where the file has none; null: it must have them.</param>
    /// <returns>By pair: 0 time, 1 row, 2 column.</returns>
    /// <exception cref="CheckpointException">They are missing, not three, or not as many pairs as a head has.</exception>
    public static int[] Read(ModelConfigReader file, int pairs, bool interleaved, IReadOnlyList<int>? missing = null)
    {
        var place = file.Section("rope_parameters") ?? file.Section("rope_scaling") ?? file;
        var sections = place.Has("mrope_section") ? place.Integers("mrope_section") : missing ?? throw place.Fault("mrope_section", "is missing; expected the pairs of each of three axes");
        if (sections.Count != Axes || sections.Sum(section => (long)section) != pairs)
        {
            throw place.Fault("mrope_section", $"is [{string.Join(", ", sections)}]; expected three numbers whose sum is {pairs}, the pairs of a head that positions turn");
        }

        return interleaved ? Interleave(sections, pairs) : [.. sections.SelectMany((section, axis) => Enumerable.Repeat(axis, section))];
    }

    /// <summary>Row and column take every third pair from the second and the third on, as often as their sections say; time has the rest.</summary>
    private static int[] Interleave(IReadOnlyList<int> sections, int pairs)
    {
        var axes = new int[pairs];
        for (var axis = 1; axis < Axes; axis++)
        {
            for (var i = 0; i < sections[axis] && axis + (Axes * i) < pairs; i++)
            {
                axes[axis + (Axes * i)] = axis;
            }
        }

        return axes;
    }
}
