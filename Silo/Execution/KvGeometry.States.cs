using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;

namespace XLLM.Silo.Execution;

/// <remarks>
/// A recurrent state is much larger than 16 tokens of keys and values, and every sequence has exactly one. So the groups that grow decide how large a block is,
/// and a state takes as many blocks as it needs, which need not be adjacent: nothing is lost but the ends of its blocks, no memory is set aside for states that
/// nobody uses, and a state that is kept for its prefix competes with keys and values for the same memory. What must not be torn apart is a head's matrix and a
/// row of the convolution's window: first come the matrices of all layers, then the rows.
/// </remarks>
internal sealed partial class KvGeometry
{
    private readonly StateLayer[] _states;

    /// <summary>KV blocks that a sequence's recurrent state takes; 0 for a model without.</summary>
    public int StateBlocks { get; private set; }

    /// <summary>By model layer: where its recurrent state is in a pool that starts at <paramref name="pool"/>; nothing for layers without.</summary>
    public IReadOnlyList<StateLayer> StatesAt(nint pool) => [.. _states.Select(state => state with { Pool = pool })];

    private StateLayer[] PlaceStates(KvLayout layout, int layers)
    {
        var states = new StateLayer[layers];
        var groups = layout.Groups.Where(group => group.State is not null).ToArray();
        if (groups.Length == 0)
        {
            return states;
        }

        if (groups is not [{ State: { } state, Layers: var numbers }])
        {
            throw new ArgumentException($"{groups.Length} groups of layers have recurrent states; one is supported");
        }

        if (state.Heads < 1 || state.KeyColumns < 1 || state.ValueColumns < 1 || state.Channels < 1 || state.Window < 0)
        {
            throw new ArgumentException($"a recurrent state needs matrices and channels: {state}");
        }

        var (matrix, row) = (StateLayer.BytesOf((long)state.KeyColumns * state.ValueColumns), StateLayer.BytesOf(state.Channels));
        BytesPerBlock = Math.Max(BytesPerBlock, Math.Max(matrix, state.Window > 0 ? row : 0));
        var perBlock = (Matrices: (int)Math.Min(BytesPerBlock / matrix, int.MaxValue), Rows: (int)Math.Max(1, BytesPerBlock / row));
        var matrixBlocks = Blocks((long)numbers.Count * state.Heads, perBlock.Matrices);
        StateBlocks = checked(matrixBlocks + Blocks((long)numbers.Count * state.Window, perBlock.Rows));
        for (var i = 0; i < numbers.Count; i++)
        {
            var layer = numbers[i];
            if (layer < 0 || layer >= layers)
            {
                throw new ArgumentException($"layer {layer} is not one of the model's {layers} layers with keys and values");
            }

            if (_places[layer].KvHeads != 0 || states[layer].Blocks != 0)
            {
                throw new ArgumentException($"layer {layer} is named twice; a layer is in one group");
            }

            states[layer] = new StateLayer(
                0,
                BytesPerBlock,
                state.Heads,
                state.KeyColumns,
                state.ValueColumns,
                state.Channels,
                state.Window,
                StateBlocks,
                i * state.Heads,
                perBlock.Matrices,
                i * state.Window,
                perBlock.Rows,
                matrixBlocks);
        }

        return states;
    }

    private static int Blocks(long things, int perBlock) => checked((int)((things + perBlock - 1) / perBlock));
}
