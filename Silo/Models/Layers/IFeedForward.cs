using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Models.Layers;

/// <summary>The second half of a decoder layer: one network, or experts.</summary>
internal interface IFeedForward
{
    /// <param name="x">[rows, hidden].</param>
    /// <param name="ops">The backend's operations.</param>
    /// <returns>[rows, hidden].</returns>
    Tensor Forward(Tensor x, IOps ops);
}
