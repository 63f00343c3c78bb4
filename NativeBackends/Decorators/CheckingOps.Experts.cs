using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Decorators;

public partial class CheckingOps
{
    /// <inheritdoc/>
    /// <remarks>Compares the weights of the chosen, best first: two experts that are equal but for rounding may change places.</remarks>
    public ExpertChoice ChooseExperts(Tensor logits, Tensor? bias, in ExpertRouting routing)
    {
        var expected = _reference.ChooseExperts(logits, bias, routing);
        var choice = inner.ChooseExperts(logits, bias, routing);
        Same(nameof(ChooseExperts), expected.Weights, choice.Weights);
        return choice;
    }

    /// <inheritdoc/>
    public Tensor Experts(Tensor x, ExpertChoice choice, ExpertWeights experts) =>
        Same(nameof(Experts), _reference.Experts(x, choice, experts), inner.Experts(x, choice, experts));
}
