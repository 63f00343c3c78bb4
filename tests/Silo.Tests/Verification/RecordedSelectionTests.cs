using XLLM.NativeBackends.Ops;
using XLLM.NativeBackends.Reference;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;

namespace XLLM.Silo.Tests.Verification;

/// <summary>One head of one column with weight 1: the score of a position is its key, or 0 where that is negative.</summary>
public sealed class RecordedSelectionTests : IDisposable
{
    private readonly ReferenceBackend _backend = new();
    private readonly List<DeviceMemory> _memory = [];

    public void Dispose()
    {
        _memory.ForEach(memory => memory.Dispose());
        _backend.Dispose();
    }

    [Fact]
    public void Revise_LeavesAChoice_ThatHasNoEqual()
    {
        var (selection, ties) = Revise([1, 4, 3, 2], [[0, -1], [0, 1], [1, 2], [1, 2]]);

        Assert.Equal([0, -1, 0, 1, 1, 2, 1, 2], selection);
        Assert.Equal(0, ties);
    }

    [Fact]
    public void Revise_TakesTheReferencesChoice_AmongEquals()
    {
        var (selection, ties) = Revise([5, -1, -2, -3], [[0, -1], [0, 1], [0, 1], [0, 1]]);

        // Rows 2 and 3 had equals to choose from; position 0 is best for both, and the other is one that they see.
        Assert.Equal(2, ties);
        Assert.All([2, 3], row => Assert.Equal(0, selection[2 * row]));
        Assert.All([2, 3], row => Assert.InRange(selection[(2 * row) + 1], 1, row));
    }

    [Fact]
    public void Revise_RefusesAChoice_ThatLeavesABetterPositionOut()
    {
        var error = Assert.Throws<OpException>(() => Revise([1, 4, 3, 2], [[0, -1], [0, 1], [1, 2], [0, 1]]));

        Assert.Equal("select_positions: row 3 chose a position with score 1 and left one out with score 3", error.Message);
    }

    private (int[] Selection, int Ties) Revise(float[] keys, int[][] chosen)
    {
        var ops = _backend.Ops;
        var recorded = new RecordedSelection(_backend);
        var ones = Matrix([.. keys.Select(_ => 1f)]);
        var revised = recorded.Revise(new IndexedRows(ones, Matrix(keys), ones, ops.Integers([.. chosen.SelectMany(row => row)], keys.Length), Most: 2));
        var values = new int[revised.Rows * revised.Columns];
        _backend.Download(revised.Data, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
        return (values, recorded.Ties);
    }

    private Tensor Matrix(float[] values)
    {
        var memory = _backend.Allocate(values.Length * sizeof(float));
        _memory.Add(memory);
        _backend.Upload(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()), memory.Address);
        return new Tensor(memory.Address, DType.F32, values.Length, 1);
    }
}
