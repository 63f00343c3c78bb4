using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>A router, its experts, and the shared experts that every row passes. Source: DeepSeek-V2, arXiv:2405.04434, section 2.2.</summary>
internal sealed class ExpertFeedForward : IFeedForward
{
    /// <summary>In checkpoints that have the experts of a layer in two tensors: published so for Qwen3.5, and saved so by later libraries.</summary>
    private const string Stack = "experts.gate_up_proj";

    private readonly ExpertRouting _routing;
    private readonly Linear _router;
    private readonly Tensor? _bias;
    private readonly ExpertWeights _experts;
    private readonly GatedFeedForward? _shared;
    private readonly Linear? _sharedGate;

    /// <param name="at">Where "gate", "experts.N" and "shared_experts", or "shared_expert" and "shared_expert_gate", are.</param>
    /// <param name="hidden">Columns of the input and of the result.</param>
    /// <param name="config">Counts, sizes and routing.</param>
    public ExpertFeedForward(Checkpoint at, int hidden, ExpertConfig config)
    {
        _routing = config.Routing;
        _router = new(at.At("gate"), config.Experts, hidden);
        _bias = config.HasBias ? at.At("gate").Vector("e_score_correction_bias", config.Experts) : null;
        _experts = at.Has(Stack) ? TakeStack(at, hidden, config) : new(
            Each("gate_proj", config.Intermediate, hidden),
            Each("up_proj", config.Intermediate, hidden),
            Each("down_proj", hidden, config.Intermediate));
        if (config.SharedIntermediate > 0)
        {
            _shared = new GatedFeedForward(at.At(config.SharedName), hidden, config.SharedIntermediate, bias: false);
            _sharedGate = config.GatesShared ? new(at.At("shared_expert_gate"), 1, hidden) : null;
        }
        else if (config.GatesShared)
        {
            // A shared expert of no columns adds nothing; exporters write its empty matrices and its gate all the same.
            at.At(config.SharedName).IgnoreTree();
            at.At("shared_expert_gate").Ignore("weight");
        }

        Weight[] Each(string name, int rows, int columns) =>
            [.. Enumerable.Range(0, config.Experts).Select(e => at.At($"experts.{e}.{name}").Matrix("weight", rows, columns))];
    }

    private static ExpertWeights TakeStack(Checkpoint at, int hidden, ExpertConfig config)
    {
        var gateUp = at.ExpertRows(Stack, config.Experts, hidden, config.Intermediate, config.Intermediate);
        var down = at.ExpertRows("experts.down_proj", config.Experts, config.Intermediate, hidden);
        return new(gateUp[0], gateUp[1], down[0]);
    }

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, IOps ops)
    {
        var choice = ops.ChooseExperts(_router.Forward(x, ops), _bias, _routing);       // [rows, chosen]
        var result = ops.Experts(x, choice, _experts);                                  // [rows, hidden]
        if (_shared is not null)
        {
            var shared = _shared.Forward(x, ops);                                       // [rows, hidden]
            if (_sharedGate is not null)
            {
                ops.SigmoidMultiply(shared, _sharedGate.Forward(x, ops));
            }

            ops.Add(result, shared);
        }

        return result;
    }
}
