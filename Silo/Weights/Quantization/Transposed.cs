using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>Scales that a checkpoint stores with the groups outside, brought to one row per output.</summary>
internal static class Transposed
{
    /// <summary>[groups, rows] of floats to F32 [rows, groups].</summary>
    public static HostTensor Floats(HostTensor source)
    {
        var (groups, rows) = (source.Shape[0], source.Shape[1]);
        var result = HostMemory.Tensor(source.Name, DType.F32, rows, groups);
        var values = result.Values<float>();
        var row = new float[rows];
        for (var group = 0; group < groups; group++)
        {
            source.ReadFloats((long)group * rows, row);
            for (var r = 0; r < rows; r++)
            {
                values[(r * groups) + group] = row[r];
            }
        }

        return result;
    }
}
