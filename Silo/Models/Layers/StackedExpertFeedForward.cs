using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>A router and its experts, whose matrices a checkpoint has in two tensors for the whole layer, as [expert, inputs, outputs].</summary>
internal sealed class StackedExpertFeedForward : IFeedForward
{
    private readonly ExpertRouting _routing;
    private readonly Linear _router;
    private readonly ExpertWeights _experts;

    /// <param name="at">Where "gate" and "experts" are.</param>
    /// <param name="hidden">Columns of the input and of the result.</param>
    /// <param name="config">Counts, sizes and routing.</param>
    public StackedExpertFeedForward(Checkpoint at, int hidden, ExpertConfig config)
    {
        _routing = config.Routing;
        _router = new(at.At("gate"), config.Experts, hidden);
        var gateUp = at.At("experts").ExpertStack("gate_up_proj", config.Experts, hidden, config.Intermediate, config.Intermediate);
        var down = at.At("experts").ExpertStack("down_proj", config.Experts, config.Intermediate, hidden);
        _experts = new(gateUp[0], gateUp[1], down[0]);
    }

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, IOps ops) => ops.Experts(x, ops.ChooseExperts(_router.Forward(x, ops), null, _routing), _experts);
}
