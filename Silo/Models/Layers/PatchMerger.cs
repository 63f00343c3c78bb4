using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>Neighbouring patches become one token: they are put side by side and go through a small network. Source: Qwen2-VL, arXiv:2409.12191, section 2.1.</summary>
/// <param name="shape">Sizes.</param>
/// <param name="norm">Of patches, or of tokens.</param>
/// <param name="normalizeTokens">Whether the patches are put side by side before the norm, not after it.</param>
/// <param name="first">Where the first projection is.</param>
/// <param name="second">Where the second one is.</param>
internal sealed class PatchMerger(VisionShape shape, INorm norm, bool normalizeTokens, Checkpoint first, Checkpoint second)
{
    private readonly GeluFeedForward _network = new(first, second, shape.TokenColumns, shape.TokenColumns, shape.Output, GeluKind.Exact);

    /// <param name="hidden">[patches, hidden], dense.</param>
    /// <param name="ops">The backend's operations.</param>
    /// <returns>[tokens, output].</returns>
    public Tensor Forward(Tensor hidden, IOps ops)
    {
        var tokens = hidden.Rows / shape.PatchesOfToken;
        return _network.Forward(
            normalizeTokens
                ? norm.Forward(hidden.Reshape(tokens, shape.TokenColumns), ops)
                : norm.Forward(hidden, ops).Reshape(tokens, shape.TokenColumns),
            ops);
    }
}
