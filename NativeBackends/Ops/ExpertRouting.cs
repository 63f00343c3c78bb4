namespace XLLM.NativeBackends.Ops;

/// <summary>How a router's logits become scores of experts.</summary>
public enum ExpertScore
{
    /// <summary>Softmax over all experts: Qwen3-MoE, DeepSeek-V2.</summary>
    Softmax = 0,

    /// <summary>Sigmoid of each: DeepSeek-V3, GLM-4.5.</summary>
    Sigmoid = 1,
}

/// <summary>How the experts of a group stand for it when groups are chosen first.</summary>
public enum ExpertGroupScore
{
    /// <summary>The best of the group: DeepSeek-V2.</summary>
    Best = 0,

    /// <summary>The sum of its two best: DeepSeek-V3.</summary>
    SumOfTwoBest = 1,
}

/// <summary>How a row's experts are chosen and weighed. Equal scores: the lower expert first.</summary>
/// <param name="Chosen">Experts per row, 1 to the number of experts.</param>
/// <param name="Score">From logits to scores.</param>
/// <param name="Groups">Groups of neighbouring experts; 1: no groups. Divides the number of experts.</param>
/// <param name="ChosenGroups">Groups whose experts may be chosen, 1 to <paramref name="Groups"/>.</param>
/// <param name="GroupScore">What a group is worth.</param>
/// <param name="Normalize">Divide a row's weights by their sum.</param>
/// <param name="Scale">Factor on the weights, after normalization.</param>
/// <remarks>Source: DeepSeek-V2 (arXiv:2405.04434) section 2.2; DeepSeek-V3 (arXiv:2412.19437) section 2.1.2.</remarks>
public readonly record struct ExpertRouting(
    int Chosen, ExpertScore Score, int Groups, int ChosenGroups, ExpertGroupScore GroupScore, bool Normalize, float Scale);

/// <summary>A step's choice of experts.</summary>
/// <param name="Ids">I32 [rows, chosen]: best first.</param>
/// <param name="Weights">F32 [rows, chosen].</param>
public readonly record struct ExpertChoice(Tensor Ids, Tensor Weights);

/// <summary>The gated feed-forward networks of a layer's experts, one of each per expert.</summary>
/// <param name="Gate">[intermediate, hidden] each.</param>
/// <param name="Up">[intermediate, hidden] each.</param>
/// <param name="Down">[hidden, intermediate] each.</param>
public sealed record ExpertWeights(IReadOnlyList<Weight> Gate, IReadOnlyList<Weight> Up, IReadOnlyList<Weight> Down);
