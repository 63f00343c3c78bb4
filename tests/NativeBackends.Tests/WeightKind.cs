using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>A format, and which weights share a scale: every way to store a weight that a checkpoint may lead to.</summary>
internal sealed record WeightKind(string Name, WeightFormat Format, int RowBlock = 1, int ColumnBlock = int.MaxValue, bool Zeros = false, bool Ordered = false)
{
    private static readonly WeightKind[] Kinds =
    [
        new("F32", WeightFormat.F32),
        new("BF16", WeightFormat.BF16),
        new("F16", WeightFormat.F16),
        new("F8E4M3 blocks of 128", WeightFormat.F8E4M3, RowBlock: 128, ColumnBlock: 128),
        new("F8E4M3 small blocks", WeightFormat.F8E4M3, RowBlock: 3, ColumnBlock: 32),
        new("F8E4M3 a scale a row", WeightFormat.F8E4M3),
        new("F8E4M3 one scale", WeightFormat.F8E4M3, RowBlock: int.MaxValue),
        new("I8 a scale a row", WeightFormat.I8),
        new("I8 groups of 32, zeros", WeightFormat.I8, ColumnBlock: 32, Zeros: true),
        new("I8 groups of 64, order", WeightFormat.I8, ColumnBlock: 64, Ordered: true),
        new("I4 groups of 32", WeightFormat.I4, ColumnBlock: 32),
        new("I4 groups of 96, zeros", WeightFormat.I4, ColumnBlock: 96, Zeros: true),
        new("I4 a scale a row, zeros", WeightFormat.I4, Zeros: true),
        new("I4 groups of 32, zeros, order", WeightFormat.I4, ColumnBlock: 32, Zeros: true, Ordered: true),
        new("Q4_0", WeightFormat.Q4_0),
        new("Q8_0", WeightFormat.Q8_0),
        new("Q4_K", WeightFormat.Q4_K),
        new("Q5_K", WeightFormat.Q5_K),
        new("Q6_K", WeightFormat.Q6_K),
    ];

    public static TheoryData<string> All => [.. Kinds.Select(kind => kind.Name)];

    public static TheoryData<string, string> WithVariants => [.. BackendVariants.Names.SelectMany(variant => Kinds.Select(kind => (variant, kind.Name)))];

    public static WeightKind Find(string name) => Kinds.Single(kind => kind.Name == name);

    /// <summary>The next number of columns that the format can have.</summary>
    public int Fitting(int columns) => Format == WeightFormat.I4 ? columns : (columns + Format.UnitColumns() - 1) / Format.UnitColumns() * Format.UnitColumns();

    /// <summary>Random codes, the same for every backend; with their scales they are about in [-1, 1].</summary>
    /// <param name="seed">Any number.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs; as many as the format can have.</param>
    /// <param name="place">Brings codes into memory.</param>
    public HostWeight Random(int seed, int rows, int columns, Func<byte[], nint> place)
    {
        var random = new Random(seed);
        var codes = new byte[rows * Format.RowBytes(columns)];
        random.NextBytes(codes);
        MakeFinite(codes, random);
        var weight = new HostWeight("some.weight", Format, rows, columns, new HostTensor("some.weight", DType.U8, [codes.Length], place(codes), place));
        if (!Format.HasScales())
        {
            return weight;
        }

        int[] shape = [Blocks(rows, RowBlock), Blocks(columns, ColumnBlock)];
        var most = Format switch { WeightFormat.F8E4M3 => 448f, WeightFormat.I8 => 255f, _ => 15f };
        var scales = Enumerable.Range(0, shape[0] * shape[1]).Select(_ => (0.25f + random.NextSingle()) / most).ToArray();
        var zeros = new byte[scales.Length];
        random.NextBytes(zeros);
        if (Format == WeightFormat.I4)
        {
            zeros = [.. zeros.Select(zero => (byte)(zero & 15))];
        }

        return weight with
        {
            RowBlock = RowBlock,
            ColumnBlock = ColumnBlock,
            Scales = Pinned(DType.F32, shape, scales),
            Zeros = Zeros ? Pinned(Format == WeightFormat.I8 ? DType.I8 : DType.U8, shape, zeros) : null,
            Order = Ordered ? Pinned(DType.I32, [columns], Shuffled(random, columns)) : null,
        };
    }

    /// <summary>An array as a tensor that stays where it is.</summary>
    public static HostTensor Pinned<T>(DType type, int[] shape, T[] values)
        where T : unmanaged
    {
        var pinned = GC.AllocateArray<T>(values.Length, pinned: true);
        values.CopyTo(pinned, 0);
        return new HostTensor("part", type, shape, Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0), pinned);
    }

    /// <summary>Puts scales of a sensible size, and nothing that is NaN, where random bytes would be anything.</summary>
    private void MakeFinite(byte[] codes, Random random)
    {
        var unit = Format.UnitBytes();
        for (var at = 0; at < codes.Length; at += unit)
        {
            switch (Format)
            {
                case WeightFormat.F32:
                    Put(BitConverter.GetBytes((random.NextSingle() * 2) - 1), at);
                    break;
                case WeightFormat.BF16:
                    Put(BitConverter.GetBytes((random.NextSingle() * 2) - 1)[2..], at);
                    break;
                case WeightFormat.F16:
                    PutHalf((random.NextSingle() * 2) - 1, at);
                    break;
                case WeightFormat.F8E4M3 when (codes[at] & 0x7F) == 0x7F:
                    codes[at] ^= 1;
                    break;
                case WeightFormat.Q4_0:
                    PutHalf(random.NextSingle() / 8, at);
                    break;
                case WeightFormat.Q8_0:
                    PutHalf(random.NextSingle() / 127, at);
                    break;
                case WeightFormat.Q4_K:
                case WeightFormat.Q5_K:
                    PutHalf(random.NextSingle() / (63 * (Format == WeightFormat.Q4_K ? 15 : 31)), at);
                    PutHalf(random.NextSingle() / 63, at + 2);
                    break;
                case WeightFormat.Q6_K:
                    PutHalf(random.NextSingle() / (127 * 32), at + 208);
                    break;
                default:
                    break;
            }
        }

        void Put(byte[] bytes, int at) => bytes.CopyTo(codes, at);
        void PutHalf(float value, int at) => Put(BitConverter.GetBytes((Half)value), at);
    }

    private static int[] Shuffled(Random random, int count)
    {
        var order = Enumerable.Range(0, count).ToArray();
        random.Shuffle(order);
        return order;
    }

    private static int Blocks(int length, int block) => (int)(((long)length + block - 1) / block);
}
