using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

/// <summary>Matrices that a file has the other way round.</summary>
internal static unsafe class Transposition
{
    /// <summary>Elements of a square that is turned at a time: its lines and columns stay in the first cache.</summary>
    private const int Side = 32;

    /// <summary>Transposes every matrix of a stack.</summary>
    /// <param name="source">[matrices, rows, columns] of F32, BF16 or F16, in any dimensions.</param>
    /// <param name="matrices">How many.</param>
    /// <param name="rows">Rows of one.</param>
    /// <param name="columns">Columns of one.</param>
    /// <returns>[matrices, columns, rows], a copy in memory of its own.</returns>
    public static HostTensor OfEach(HostTensor source, int matrices, int rows, int columns)
    {
        var result = HostMemory.Tensor(source.Name, source.DType, matrices, columns, rows);
        var size = source.DType.Size();
        Parallel.For(0, matrices, matrix =>
        {
            var offset = (nint)((long)matrix * rows * columns * size);
            if (size == sizeof(ushort))
            {
                Transpose((ushort*)(source.Data + offset), (ushort*)(result.Data + offset), rows, columns);
            }
            else
            {
                Transpose((float*)(source.Data + offset), (float*)(result.Data + offset), rows, columns);
            }
        });
        GC.KeepAlive(source.Owner);
        return result;
    }

    private static void Transpose<T>(T* source, T* result, int rows, int columns)
        where T : unmanaged
    {
        for (var top = 0; top < rows; top += Side)
        {
            for (var left = 0; left < columns; left += Side)
            {
                for (var row = top; row < Math.Min(top + Side, rows); row++)
                {
                    for (var column = left; column < Math.Min(left + Side, columns); column++)
                    {
                        result[((long)column * rows) + row] = source[((long)row * columns) + column];
                    }
                }
            }
        }
    }
}
