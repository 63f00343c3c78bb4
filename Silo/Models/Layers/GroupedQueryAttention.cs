using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>Causal attention whose query heads share key and value heads. Source: Ainslie et al. 2023, arXiv:2305.13245.</summary>
/// <param name="at">Where "q_proj", "k_proj", "v_proj" and "o_proj" are.</param>
/// <param name="layer">Model layer: index into the step's KV layers.</param>
/// <param name="hidden">Columns of the result, and of the input unless said otherwise.</param>
/// <param name="heads">Head counts and size: the one place where heads would be split between ranks.</param>
/// <param name="inputBias">Whether the query, key and value projections have biases.</param>
/// <param name="outputBias">Whether the output projection has one.</param>
/// <param name="inputs">Columns of the input; null: as many as of the result.</param>
/// <param name="gated">Whether every query head comes with a gate on its output, in the same projection: the head's query, then its gate.</param>
internal sealed class GroupedQueryAttention(
    Checkpoint at, int layer, int hidden, HeadLayout heads, bool inputBias, bool outputBias, int? inputs = null, bool gated = false) : IAttention
{
    private readonly Linear _query = new(at.At("q_proj"), (gated ? 2 : 1) * heads.QueryWidth, inputs ?? hidden, inputBias);
    private readonly Linear _key = new(at.At("k_proj"), heads.KvWidth, inputs ?? hidden, inputBias);
    private readonly Linear _value = new(at.At("v_proj"), heads.KvWidth, inputs ?? hidden, inputBias);
    private readonly Linear _output = new(at.At("o_proj"), hidden, heads.QueryWidth, outputBias);
    private readonly float _scale = (float)(1 / Math.Sqrt(heads.HeadSize));

    /// <summary>Normalizes every query head before it is rotated; null: not in this family.</summary>
    public RmsNorm? QueryNorm { get; init; }

    /// <summary>Normalizes every key head before it is rotated; null: not in this family.</summary>
    public RmsNorm? KeyNorm { get; init; }

    /// <summary>Which columns of a head turn together.</summary>
    public RopePairing Pairing { get; init; }

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, Tensor angles, ForwardBatch batch, IOps ops)
    {
        var queries = _query.Forward(x, ops);
        var q = gated ? ops.SliceHeads(queries, 2 * heads.HeadSize, 0, heads.HeadSize) : queries;   // [rows, query heads * head size]
        var k = _key.Forward(x, ops);                                                   // [rows, KV heads * head size]
        var v = _value.Forward(x, ops);                                                 // [rows, KV heads * head size]

        QueryNorm?.ForwardHeads(q, ops);
        KeyNorm?.ForwardHeads(k, ops);
        ops.Rotate(q, angles, heads.HeadSize, Pairing);
        ops.Rotate(k, angles, heads.HeadSize, Pairing);

        var attended = ops.PagedAttention(q, k, v, batch.Kv[layer], batch.Attention[layer], heads, _scale);
        if (gated)
        {
            ops.SigmoidMultiply(attended, ops.SliceHeads(queries, 2 * heads.HeadSize, heads.HeadSize, heads.HeadSize));
        }

        return _output.Forward(attended, ops);                                          // [rows, hidden]
    }
}
