using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Decorators;

public partial class TracingOps
{
    /// <inheritdoc/>
    public ExpertChoice ChooseExperts(Tensor logits, Tensor? bias, in ExpertRouting routing) =>
        Took(nameof(ChooseExperts), Now, inner.ChooseExperts(logits, bias, routing));

    /// <inheritdoc/>
    public Tensor Experts(Tensor x, ExpertChoice choice, ExpertWeights experts) => Took(nameof(Experts), Now, inner.Experts(x, choice, experts));
}
