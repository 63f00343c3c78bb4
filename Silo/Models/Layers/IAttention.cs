using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Models.Layers;

/// <summary>The first half of a decoder layer: mixes a row with the rows before it.</summary>
internal interface IAttention
{
    /// <param name="x">[rows, hidden].</param>
    /// <param name="angles">The step's rotary angles.</param>
    /// <param name="batch">The step.</param>
    /// <param name="ops">The backend's operations.</param>
    /// <returns>[rows, hidden].</returns>
    Tensor Forward(Tensor x, Tensor angles, ForwardBatch batch, IOps ops);
}
