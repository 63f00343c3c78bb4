using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Models.Layers;

/// <summary>A normalization of whole rows.</summary>
internal interface INorm
{
    /// <param name="x">[rows, columns].</param>
    /// <param name="ops">The backend's operations.</param>
    /// <returns>[rows, columns].</returns>
    Tensor Forward(Tensor x, IOps ops);
}
