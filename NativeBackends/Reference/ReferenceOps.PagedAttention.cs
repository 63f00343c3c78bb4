using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    private double[] _scores = [];
    private double[] _mixed = [];

    /// <inheritdoc/>
    public Tensor PagedAttention(Tensor q, Tensor k, Tensor v, KvLayer kv, AttentionBatch batch, HeadLayout heads, float scale)
    {
        OpChecks.PagedAttention(q, k, v, kv, batch, heads);
        var result = _workspace.Allocate(DType.F32, q.Rows, q.Columns);

        // All keys and values are stored before any is read: a row attends to rows of its own step, rounded like all others.
        for (var r = 0; r < q.Rows; r++)
        {
            var (block, offset) = Math.DivRem(Integers(batch.Slots)[r], kv.BlockTokens);
            for (var head = 0; head < heads.KvHeads; head++)
            {
                Store(kv, KvAddress(kv, kv.KeyOffset, block, head, offset), Floats(k, r).Slice(head * heads.HeadSize, heads.HeadSize));
                Store(kv, KvAddress(kv, kv.ValueOffset, block, head, offset), Floats(v, r).Slice(head * heads.HeadSize, heads.HeadSize));
            }
        }

        for (var s = 0; s < batch.Sequences; s++)
        {
            var end = Integers(batch.RowStarts)[s + 1];
            for (var r = Integers(batch.RowStarts)[s]; r < end; r++)
            {
                var visible = Integers(batch.ContextLengths)[s] - (end - 1 - r);
                for (var head = 0; head < heads.QueryHeads; head++)
                {
                    Attend(
                        Floats(q, r).Slice(head * heads.HeadSize, heads.HeadSize),
                        kv,
                        Integers(batch.BlockTables, s),
                        head / (heads.QueryHeads / heads.KvHeads),
                        visible,
                        scale,
                        Floats(result, r).Slice(head * heads.HeadSize, heads.HeadSize));
                }
            }
        }

        return result;
    }

    /// <summary>One query head of one row: softmax(scale * q k) v over the positions [0, visible).</summary>
    private void Attend(ReadOnlySpan<float> q, KvLayer kv, ReadOnlySpan<int> blocks, int kvHead, int visible, float scale, Span<float> result)
    {
        var scores = Scratch(ref _scores, visible).AsSpan(0, visible);
        var most = double.NegativeInfinity;
        for (var p = 0; p < visible; p++)
        {
            var key = KvAddress(kv, kv.KeyOffset, blocks[p / kv.BlockTokens], kvHead, p % kv.BlockTokens);
            double score = 0;
            for (var c = 0; c < q.Length; c++)
            {
                score += (double)q[c] * Load(kv, key, c);
            }

            scores[p] = score * scale;
            most = Math.Max(most, scores[p]);
        }

        var mixed = Scratch(ref _mixed, q.Length).AsSpan(0, q.Length);
        mixed.Clear();
        double total = 0;
        for (var p = 0; p < visible; p++)
        {
            var share = Math.Exp(scores[p] - most);
            total += share;
            var value = KvAddress(kv, kv.ValueOffset, blocks[p / kv.BlockTokens], kvHead, p % kv.BlockTokens);
            for (var c = 0; c < q.Length; c++)
            {
                mixed[c] += share * Load(kv, value, c);
            }
        }

        for (var c = 0; c < q.Length; c++)
        {
            result[c] = (float)(mixed[c] / total);
        }
    }

    /// <summary>Address of one token's key or value of one head.</summary>
    private static byte* KvAddress(KvLayer kv, long layerOffset, int block, int head, int offset) =>
        (byte*)kv.Pool + (block * kv.BlockStride) + layerOffset
        + ((((long)head * kv.BlockTokens) + offset) * KvLayer.VectorBytes(kv.DType, kv.HeadSize));

    private static float Load(KvLayer kv, byte* address, int column) => kv.DType switch
    {
        DType.F32 => ((float*)address)[column],
        DType.I8 => ((sbyte*)address)[sizeof(float) + column] * *(float*)address,
        _ => BitConverter.UInt32BitsToSingle((uint)((ushort*)address)[column] << 16),
    };

    private static void Store(KvLayer kv, byte* address, ReadOnlySpan<float> values)
    {
        if (kv.DType == DType.F32)
        {
            values.CopyTo(new Span<float>(address, values.Length));
            return;
        }

        if (kv.DType == DType.I8)
        {
            StoreCodes(values, (float*)address, (sbyte*)address + sizeof(float));
            return;
        }

        for (var c = 0; c < values.Length; c++)
        {
            ((ushort*)address)[c] = RoundToBFloat16(values[c]);
        }
    }

    private static void StoreCodes(ReadOnlySpan<float> values, float* scale, sbyte* codes)
    {
        var (most, finite) = (0f, true);
        foreach (var value in values)
        {
            finite &= float.IsFinite(value);
            most = Math.Max(most, Math.Abs(value));
        }

        *scale = finite ? most / 127 : float.NaN;
        for (var c = 0; c < values.Length; c++)
        {
            // A vector of the smallest numbers has a scale so coarse that a quotient may pass 127.
            codes[c] = finite && *scale > 0 ? (sbyte)Math.Clamp(MathF.Round(values[c] / *scale, MidpointRounding.ToEven), -127, 127) : (sbyte)0;
        }
    }

    /// <summary>Rounds to the nearest bfloat16, ties to even; a NaN stays a NaN.</summary>
    private static ushort RoundToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value)
            ? (ushort)((bits >> 16) | 0x40)
            : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
