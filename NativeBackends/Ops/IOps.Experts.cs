namespace XLLM.NativeBackends.Ops;

public partial interface IOps
{
    /// <summary>Chooses each row's experts.</summary>
    /// <param name="logits">F32 [rows, experts].</param>
    /// <param name="bias">F32 [1, experts], added to the scores for the choice alone, not to the weights; or null.</param>
    /// <param name="routing">How.</param>
    /// <returns>Ids and weights, best first.</returns>
    ExpertChoice ChooseExperts(Tensor logits, Tensor? bias, in ExpertRouting routing);

    /// <summary>y[r] = sum over the row's chosen experts e of weight * down_e(silu(gate_e(x[r])) * up_e(x[r])).</summary>
    /// <param name="x">F32 [rows, hidden].</param>
    /// <param name="choice">Result of <see cref="ChooseExperts"/> for the same rows.</param>
    /// <param name="experts">The networks; all of one shape.</param>
    /// <returns>F32 [rows, hidden].</returns>
    /// <remarks>The sum is in ascending order of the experts' numbers, so it is the same however the rows are grouped by expert.</remarks>
    Tensor Experts(Tensor x, ExpertChoice choice, ExpertWeights experts);
}
