using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Interop;

/// <summary>A layer's experts as the C interface wants them, made once and kept with them: a layer has hundreds, and a step asks for some.</summary>
internal sealed unsafe class NativeExpertTable
{
    // Pinned from the start, so that its address can be handed over again and again.
    private readonly NativeWeight[] _weights;
    private readonly int _count;

    /// <param name="experts">The weights; they own their memory and must outlive this.</param>
    public NativeExpertTable(ExpertWeights experts)
    {
        if (experts.Gate.Count == 0 || experts.Up.Count != experts.Gate.Count || experts.Down.Count != experts.Gate.Count)
        {
            throw new OpException($"experts: {experts.Gate.Count} gates, {experts.Up.Count} ups and {experts.Down.Count} downs");
        }

        _count = experts.Gate.Count;
        _weights = GC.AllocateUninitializedArray<NativeWeight>(3 * _count, pinned: true);
        for (var e = 0; e < _count; e++)
        {
            _weights[e] = new(experts.Gate[e]);
            _weights[_count + e] = new(experts.Up[e]);
            _weights[(2 * _count) + e] = new(experts.Down[e]);
        }
    }

    /// <summary>Valid as long as this object is reachable.</summary>
    public NativeExpertWeights Weights
    {
        get
        {
            var first = (NativeWeight*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_weights, 0);
            return new(first, first + _count, first + (2 * _count), _count);
        }
    }
}
