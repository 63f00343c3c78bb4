using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Decorators;

public partial class TracingOps
{
    /// <inheritdoc/>
    public void SigmoidMultiply(Tensor x, Tensor gate)
    {
        var start = Now;
        inner.SigmoidMultiply(x, gate);
        Took(nameof(SigmoidMultiply), start, x);
    }

    /// <inheritdoc/>
    public Tensor ShortConvolution(Tensor x, Tensor weight, StateLayer state, int firstChannel, AttentionBatch batch) =>
        Took(nameof(ShortConvolution), Now, inner.ShortConvolution(x, weight, state, firstChannel, batch));

    /// <inheritdoc/>
    public Tensor GatedDeltaRule(Tensor q, Tensor k, Tensor v, DeltaGates gates, StateLayer state, AttentionBatch batch) =>
        Took(nameof(GatedDeltaRule), Now, inner.GatedDeltaRule(q, k, v, gates, state, batch));
}
