using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Models.Layers;

/// <summary>One layer of a decoder: what a family says about itself.</summary>
internal interface IDecoderLayer
{
    /// <summary>Adds the layer's contribution to the hidden states.</summary>
    /// <param name="hidden">[rows, hidden]; overwritten.</param>
    /// <param name="angles">The step's rotary angles.</param>
    /// <param name="batch">The step.</param>
    /// <param name="ops">The backend's operations.</param>
    void Forward(Tensor hidden, Tensor angles, ForwardBatch batch, IOps ops);
}
