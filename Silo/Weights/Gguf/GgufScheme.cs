using System.Buffers.Binary;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights.Quantization;

namespace XLLM.Silo.Weights.Gguf;

/// <summary>A matrix in blocks, as the file has them.</summary>
/// <param name="format">Format of the blocks.</param>
/// <param name="tensor">Its place in the file.</param>
internal sealed class GgufScheme(WeightFormat format, GgufTensor tensor) : IWeightScheme
{
    /// <inheritdoc/>
    public HostWeight Read(WeightParts parts, int rows, int columns)
    {
        var codes = Take(parts, rows, columns);
        CheckFinite(parts, codes);
        return new HostWeight(parts.Name, format, rows, columns, codes);
    }

    /// <inheritdoc/>
    public WeightSurvey Survey(WeightParts parts, int rows, int columns) => new(format.ToString(), Take(parts, rows, columns).Bytes);

    private HostTensor Take(WeightParts parts, int rows, int columns) => tensor.Shape.SequenceEqual([rows, columns])
        ? parts.Take(parts.Matrix, [rows, checked((int)format.RowBytes(columns))], DType.U8)
        : throw parts.Fault($"is [{string.Join(", ", tensor.Shape)}], but the file's keys make it [{rows}, {columns}]");

    /// <summary>A scale that is NaN or infinite would spread from its block to every token. All are looked at: they are a few per cent of the bytes.</summary>
    private void CheckFinite(WeightParts parts, HostTensor codes)
    {
        int[] places = format switch
        {
            WeightFormat.Q4_K or WeightFormat.Q5_K => [0, 2],
            WeightFormat.Q6_K => [208],
            _ => [0],
        };
        var unitBytes = format.UnitBytes();
        for (var row = 0; row < codes.Shape[0]; row++)
        {
            var bytes = codes.Row<byte>(row);
            for (var unit = 0; unit < bytes.Length; unit += unitBytes)
            {
                foreach (var place in places)
                {
                    var bits = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(unit + place)..]);
                    if ((bits & 0x7C00) == 0x7C00)
                    {
                        throw parts.Fault($"{format} has a scale that is NaN or infinite in row {row}, block {unit / unitBytes}; the file is damaged");
                    }
                }
            }
        }

        GC.KeepAlive(codes.Owner);
    }
}
