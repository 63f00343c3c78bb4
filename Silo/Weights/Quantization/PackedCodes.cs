using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>Codes that a checkpoint packs into 32-bit words along another axis, brought into rows as kernels read them.</summary>
/// <remarks>Works on 32 columns at a time for all rows, on all processors: a matrix of 100 million codes takes about a tenth of a second.</remarks>
internal static unsafe class PackedCodes
{
    /// <summary>4-bit codes, word [w, r] holds columns 8w to 8w + 7 of row r (GPTQ), to <see cref="WeightFormat.I4"/>.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="words">I32 [columns / 8, rows].</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    /// <param name="order">The input that each stored column is to have, or null.</param>
    public static HostTensor Int4FromWords(string name, HostTensor words, int rows, int columns, HostTensor? order)
    {
        var source = (uint*)words.Data;
        return PackRows(name, rows, columns, (first, count, row, codes) =>
        {
            for (var i = 0; i < count; i++)
            {
                var column = Input(order, first + i);
                codes[i] = (byte)((source[((long)column / 8 * rows) + row] >> (column % 8 * 4)) & 15);
            }
        }, words, order);
    }

    /// <summary>8-bit codes, word [w, r] holds columns 4w to 4w + 3 of row r (GPTQ), to <see cref="WeightFormat.I8"/> with codes less 128.</summary>
    public static HostTensor Int8FromWords(string name, HostTensor words, int rows, int columns, HostTensor? order)
    {
        var result = HostMemory.Tensor(name, DType.I8, rows, columns);
        var source = (uint*)words.Data;
        var target = (sbyte*)result.Data;
        Parallel.For(0, columns, stored =>
        {
            var column = Input(order, stored);
            var word = source + ((long)column / 4 * rows);
            var shift = column % 4 * 8;
            for (var row = 0; row < rows; row++)
            {
                target[((long)row * columns) + stored] = (sbyte)((int)((word[row] >> shift) & 255) - 128);
            }
        });
        KeepAlive(words, order);
        return result;
    }

    /// <summary>4-bit codes, word [c, w] holds rows 8w to 8w + 7 of column c in AWQ's order, to <see cref="WeightFormat.I4"/>.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="words">I32 [columns, rows / 8].</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    /// <param name="placeOf">Where in a word each of its eight rows is.</param>
    public static HostTensor Int4FromColumns(string name, HostTensor words, int rows, int columns, int[] placeOf)
    {
        var source = (uint*)words.Data;
        return PackRows(name, rows, columns, (first, count, row, codes) =>
        {
            var word = source + (row / 8);
            var shift = placeOf[row % 8] * 4;
            for (var i = 0; i < count; i++)
            {
                codes[i] = (byte)((word[(long)(first + i) * (rows / 8)] >> shift) & 15);
            }
        }, words, null);
    }

    /// <summary>4-bit codes, word [r, w] holds columns 8w to 8w + 7 of row r (compressed-tensors), to <see cref="WeightFormat.I4"/>.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="words">I32 [rows, columns / 8, rounded up].</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    /// <param name="order">The input that each stored column is to have, or null.</param>
    public static HostTensor Int4FromRows(string name, HostTensor words, int rows, int columns, HostTensor? order)
    {
        var source = (uint*)words.Data;
        var wordsOfRow = words.Shape[1];
        return PackRows(name, rows, columns, (first, count, row, codes) =>
        {
            for (var i = 0; i < count; i++)
            {
                var column = Input(order, first + i);
                codes[i] = (byte)((source[((long)row * wordsOfRow) + (column / 8)] >> (column % 8 * 4)) & 15);
            }
        }, words, order);
    }

    /// <summary>8-bit codes, word [r, w] holds columns 4w to 4w + 3 of row r (compressed-tensors), to <see cref="WeightFormat.I8"/> with codes less 128.</summary>
    public static HostTensor Int8FromRows(string name, HostTensor words, int rows, int columns, HostTensor? order)
    {
        var result = HostMemory.Tensor(name, DType.I8, rows, columns);
        var source = (byte*)words.Data;
        var target = (sbyte*)result.Data;
        var bytesOfRow = (long)words.Shape[1] * sizeof(uint);
        Parallel.For(0, rows, row =>
        {
            for (var stored = 0; stored < columns; stored++)
            {
                target[((long)row * columns) + stored] = (sbyte)(source[(row * bytesOfRow) + Input(order, stored)] - 128);
            }
        });
        KeepAlive(words, order);
        return result;
    }

    /// <summary>Reads up to 32 codes of a row, from a stored column on.</summary>
    private delegate void ReadCodes(int firstColumn, int count, int row, Span<byte> codes);

    private static HostTensor PackRows(string name, int rows, int columns, ReadCodes read, HostTensor words, HostTensor? order)
    {
        var rowBytes = (int)WeightFormat.I4.RowBytes(columns);
        var result = HostMemory.Tensor(name, DType.U8, rows, rowBytes);
        var target = (byte*)result.Data;
        Parallel.For(0, rowBytes / Int4.UnitBytes, unit =>
        {
            Span<byte> codes = stackalloc byte[Int4.UnitColumns];
            var first = unit * Int4.UnitColumns;
            var count = Math.Min(Int4.UnitColumns, columns - first);
            for (var row = 0; row < rows; row++)
            {
                read(first, count, row, codes);
                Int4.PackRow(codes[..count], new Span<byte>(target + ((long)row * rowBytes) + ((long)unit * Int4.UnitBytes), Int4.UnitBytes));
            }
        });
        KeepAlive(words, order);
        return result;
    }

    private static int Input(HostTensor? order, int stored) => order is null ? stored : ((int*)order.Data)[stored];

    private static void KeepAlive(HostTensor words, HostTensor? order)
    {
        GC.KeepAlive(words.Owner);
        GC.KeepAlive(order?.Owner);
    }
}
