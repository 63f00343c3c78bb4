using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Interop;

internal sealed unsafe partial class NativeOps
{
    /// <inheritdoc/>
    public void SigmoidMultiply(Tensor x, Tensor gate) => NativeMethods.SigmoidMultiply(handle, &x, &gate).ThrowIfFailed();

    /// <inheritdoc/>
    public Tensor ShortConvolution(Tensor x, Tensor weight, StateLayer state, int firstChannel, AttentionBatch batch)
    {
        var y = _workspace.Allocate(DType.F32, x.Rows, x.Columns);
        NativeMethods.ShortConvolution(handle, &x, &weight, &state, firstChannel, &batch, &y).ThrowIfFailed();
        return y;
    }

    /// <inheritdoc/>
    public Tensor GatedDeltaRule(Tensor q, Tensor k, Tensor v, DeltaGates gates, StateLayer state, AttentionBatch batch)
    {
        var y = _workspace.Allocate(DType.F32, v.Rows, v.Columns);
        var (strength, step, logDecay, stepBias) = (gates.Strength, gates.Step, gates.LogDecay, gates.StepBias);
        NativeMethods.GatedDeltaRule(handle, &q, &k, &v, &strength, &step, &logDecay, &stepBias, &state, &batch, &y).ThrowIfFailed();
        return y;
    }
}
