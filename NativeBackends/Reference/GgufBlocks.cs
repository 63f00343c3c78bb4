using System.Buffers.Binary;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

/// <summary>The block formats of GGUF files, each as its definition reads. Source: the GGML project's description of its quantization types.</summary>
internal static class GgufBlocks
{
    /// <summary>Dequantizes one block.</summary>
    /// <param name="format">A format of GGUF files.</param>
    /// <param name="block">Its bytes.</param>
    /// <param name="result">Its columns.</param>
    public static void Read(WeightFormat format, ReadOnlySpan<byte> block, Span<float> result)
    {
        switch (format)
        {
            case WeightFormat.Q4_0:
                for (var i = 0; i < 32; i++)
                {
                    result[i] = Half(block) * (Int4.Code(block[2..], i) - 8);
                }

                break;
            case WeightFormat.Q8_0:
                for (var i = 0; i < 32; i++)
                {
                    result[i] = Half(block) * (sbyte)block[2 + i];
                }

                break;
            case WeightFormat.Q4_K:
                ReadWithMinima(block, default, block[16..], result);
                break;
            case WeightFormat.Q5_K:
                ReadWithMinima(block, block[16..48], block[48..], result);
                break;
            case WeightFormat.Q6_K:
                Read6(block, result);
                break;
            default:
                throw new OpException($"weight format {format} has no GGUF blocks");
        }
    }

    /// <summary>Eight runs of 32 columns. Runs 2n and 2n + 1 share 32 bytes of halves: the low ones, then the high ones; run r's fifth bits are bit r of 32 bytes.</summary>
    private static void ReadWithMinima(ReadOnlySpan<byte> block, ReadOnlySpan<byte> fifthBits, ReadOnlySpan<byte> halves, Span<float> result)
    {
        for (var run = 0; run < 8; run++)
        {
            var (scale, minimum) = SixBits(block.Slice(4, 12), run);
            var runScale = Half(block) * scale;
            var runMinimum = Half(block[2..]) * minimum;
            for (var i = 0; i < 32; i++)
            {
                var code = (halves[(run / 2 * 32) + i] >> (run % 2 * 4)) & 15;
                if (!fifthBits.IsEmpty)
                {
                    code |= ((fifthBits[i] >> run) & 1) << 4;
                }

                result[(run * 32) + i] = (runScale * code) - runMinimum;
            }
        }
    }

    /// <summary>Scale and minimum of a run. The first four have the low six bits of bytes 0 to 3 and 4 to 7; of the others, bytes 8 to 11 hold four bits each and the first eight bytes' two high bits the rest.</summary>
    private static (int Scale, int Minimum) SixBits(ReadOnlySpan<byte> bytes, int run) => run < 4
        ? (bytes[run] & 63, bytes[run + 4] & 63)
        : ((bytes[run + 4] & 15) | (bytes[run - 4] >> 6 << 4), (bytes[run + 4] >> 4) | (bytes[run] >> 6 << 4));

    /// <summary>Two halves of 128 columns: 64 bytes of low halves and 32 bytes of high bits each; a signed scale for every 16 columns.</summary>
    private static void Read6(ReadOnlySpan<byte> block, Span<float> result)
    {
        for (var column = 0; column < 256; column++)
        {
            var (half, inside) = Math.DivRem(column, 128);
            var (quarter, place) = Math.DivRem(inside, 32);
            var low = (block[(half * 64) + (quarter % 2 * 32) + place] >> (quarter / 2 * 4)) & 15;
            var high = (block[128 + (half * 32) + place] >> (quarter * 2)) & 3;
            var scale = Half(block[208..]) * (sbyte)block[192 + (column / 16)];
            result[column] = scale * ((low | (high << 4)) - 32);
        }
    }

    private static float Half(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
}
