using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Interop;

// Tensor, KvLayer, StateLayer, AttentionBatch, HeadLayout and HeadSlice of Ops cross the border as they are: AbiLayoutTests compares their fields with abi.h.

/// <summary><c>xllm_weight</c>: a <see cref="Weight"/> without what only C# needs.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NativeWeight(Weight weight)
{
    /// <summary>Address of the first row's codes.</summary>
    public readonly nint Data = weight.Data;

    /// <summary>How the elements are stored.</summary>
    public readonly WeightFormat Format = weight.Format;

    /// <summary>Outputs.</summary>
    public readonly int Rows = weight.Rows;

    /// <summary>Inputs.</summary>
    public readonly int Columns = weight.Columns;

    /// <summary>Rows that share a scale.</summary>
    public readonly int RowBlock = weight.RowBlock;

    /// <summary>Stored columns that share a scale.</summary>
    public readonly int ColumnBlock = weight.ColumnBlock;

    /// <summary>Address of the scales, or 0.</summary>
    public readonly nint Scales = weight.Scales;

    /// <summary>Address of the zeros, or 0.</summary>
    public readonly nint Zeros = weight.Zeros;

    /// <summary>Address of the input of each stored column, or 0.</summary>
    public readonly nint Order = weight.Order;
}

/// <summary><c>xllm_expert_routing</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NativeExpertRouting(in ExpertRouting routing)
{
    /// <summary>Experts per row.</summary>
    public readonly int Chosen = routing.Chosen;

    /// <summary>From logits to scores.</summary>
    public readonly ExpertScore Score = routing.Score;

    /// <summary>Groups of neighbouring experts.</summary>
    public readonly int Groups = routing.Groups;

    /// <summary>Groups whose experts may be chosen.</summary>
    public readonly int ChosenGroups = routing.ChosenGroups;

    /// <summary>What a group is worth.</summary>
    public readonly ExpertGroupScore GroupScore = routing.GroupScore;

    /// <summary>1: divide a row's weights by their sum.</summary>
    public readonly int Normalize = routing.Normalize ? 1 : 0;

    /// <summary>Factor on the weights.</summary>
    public readonly float Scale = routing.Scale;
}

/// <summary><c>xllm_expert_weights</c>: arrays of as many weights as there are experts.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct NativeExpertWeights(NativeWeight* gate, NativeWeight* up, NativeWeight* down, int count)
{
    /// <summary>[intermediate, hidden] each.</summary>
    public readonly nint Gate = (nint)gate;

    /// <summary>[intermediate, hidden] each.</summary>
    public readonly nint Up = (nint)up;

    /// <summary>[hidden, intermediate] each.</summary>
    public readonly nint Down = (nint)down;

    /// <summary>Number of experts.</summary>
    public readonly int Count = count;
}

/// <summary><c>xllm_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NativeOptions(BackendOptions options)
{
    /// <summary>Threads that compute.</summary>
    public readonly int Threads = options.Threads;

    /// <summary>Vector instructions of the CPU.</summary>
    public readonly InstructionSet InstructionSet = options.InstructionSet;
}

/// <summary><c>xllm_layout_entry</c>: a size, an offset or a value of <c>abi.h</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct NativeLayoutEntry
{
    /// <summary>"xllm_tensor", "xllm_tensor.rows" or "XLLM_BF16", UTF-8, ends with 0.</summary>
    public readonly byte* Name;

    /// <summary>Bytes, or the value.</summary>
    public readonly long Value;
}
