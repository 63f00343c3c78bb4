using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

/// <summary>Random weights of any shape, for benchmarks of models whose checkpoint is not at hand: same memory, same work, no meaning.</summary>
/// <remarks>
/// Numbers are bf16, normal with deviation 0.02 (what transformers' <c>initializer_range</c> is by default); weights of norms are 1.
/// One block of random numbers is drawn and copied over and over, so that the speed is that of memory; its length is prime, so no two rows of a matrix are alike.
/// The same seed gives the same weights, whatever the order in which they are asked for.
/// </remarks>
internal sealed unsafe class DummySource : ITensorSource
{
    /// <summary>Elements of the block: the largest prime below 2^21.</summary>
    private const int BlockElements = 2_097_143;

    private const double Deviation = 0.02;
    private const ushort One = 0x3F80;

    private readonly ushort[] _block;

    /// <param name="place">What stands in for the folder, for messages.</param>
    /// <param name="seed">Any number.</param>
    public DummySource(string place, int seed)
    {
        Place = place;
        _block = DrawBlock(new SplitMix((ulong)seed));
    }

    /// <inheritdoc/>
    public string Place { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<string>? Names => null;

    /// <inheritdoc/>
    public long? TotalBytes => null;

    /// <inheritdoc/>
    public HostTensor? Find(string name, IReadOnlyList<int> shape, DType type = DType.BF16)
    {
        var tensor = HostMemory.Tensor(name, type, [.. shape]);
        if (type != DType.BF16)
        {
            FillCodes(tensor);
        }
        else if (shape.Count == 1 && name.EndsWith("weight", StringComparison.Ordinal))
        {
            new Span<ushort>((void*)tensor.Data, (int)tensor.Elements).Fill(One);
        }
        else
        {
            Fill((ushort*)tensor.Data, tensor.Elements, StartOf(name));
        }

        return tensor;
    }

    /// <summary>Codes of quantized weights are any bits (for F8E4M3 below 2, so none is NaN); their scales keep the weights small.</summary>
    private void FillCodes(HostTensor tensor)
    {
        var bytes = new Span<byte>((void*)tensor.Data, checked((int)Math.Min(tensor.Bytes, int.MaxValue)));
        switch (tensor.DType)
        {
            case DType.F32:
                MemoryMarshal.Cast<byte, float>(bytes).Fill((float)Deviation);
                break;
            case DType.F16:
                MemoryMarshal.Cast<byte, Half>(bytes).Fill((Half)(Deviation / 8));
                break;
            default:
                var random = MemoryMarshal.AsBytes(_block.AsSpan());
                for (var done = 0L; done < tensor.Bytes; done += random.Length)
                {
                    var piece = new Span<byte>((byte*)tensor.Data + done, (int)Math.Min(random.Length, tensor.Bytes - done));
                    random[..piece.Length].CopyTo(piece);
                    if (tensor.DType == DType.F8E4M3)
                    {
                        foreach (ref var code in piece)
                        {
                            code &= 0xBF;
                        }
                    }
                }

                break;
        }
    }

    /// <summary>A place in the block that depends on the name alone (FNV-1a, 32 bits: Fowler, Noll, Vo 1991).</summary>
    private static int StartOf(string name) => (int)(name.Aggregate(2_166_136_261u, (hash, character) => (hash ^ character) * 16_777_619u) % BlockElements);

    private void Fill(ushort* destination, long elements, int start)
    {
        for (long done = 0; done < elements;)
        {
            var piece = (int)Math.Min(BlockElements - start, elements - done);
            _block.AsSpan(start, piece).CopyTo(new Span<ushort>(destination + done, piece));
            done += piece;
            start = 0;
        }
    }

    private static ushort[] DrawBlock(SplitMix random)
    {
        var block = new ushort[BlockElements];
        for (var i = 0; i < block.Length; i += 2)
        {
            // Box and Muller 1958: two uniform numbers make two normal ones.
            var radius = Deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextUnit()));
            var (sine, cosine) = Math.SinCos(2 * Math.PI * random.NextUnit());
            block[i] = ToBFloat16((float)(radius * cosine));
            if (i + 1 < block.Length)
            {
                block[i + 1] = ToBFloat16((float)(radius * sine));
            }
        }

        return block;
    }

    private static ushort ToBFloat16(float value) => (ushort)((BitConverter.SingleToUInt32Bits(value) + 0x8000u) >> 16);

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine and runtime, which System.Random does not promise.</summary>
    private sealed class SplitMix(ulong state)
    {
        /// <summary>In [0, 1).</summary>
        public double NextUnit()
        {
            state += 0x9E3779B97F4A7C15;
            var mixed = state;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            return ((mixed ^ (mixed >> 31)) >> 11) * (1.0 / (1UL << 53));
        }
    }
}
