using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>The lightning indexer: small heads that tell, before attention, which positions are worth attending to.</summary>
/// <remarks>
/// Source: DeepSeek-V3.2 (deepseek-ai/DeepSeek-V3.2-Exp). The published code rotates queries and keys by a Hadamard matrix and rounds them to 8 bits;
/// the first changes no product and the second only makes it faster there, so both are left out, as in the reference implementation.
/// </remarks>
internal sealed class Indexer
{
    /// <summary>Of the keys' norm: a number of the published code, not of config.json.</summary>
    private const float Epsilon = 1e-6f;

    private readonly IndexerConfig _config;
    private readonly int _layer;
    private readonly float _scale;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly LayerNorm _keyNorm;
    private readonly Linear _weights;

    /// <param name="at">Where "wq_b", "wk", "k_norm" and "weights_proj" are.</param>
    /// <param name="layer">Model layer: index into the step's KV layers.</param>
    /// <param name="hidden">Columns of the layer's input.</param>
    /// <param name="queryRank">Columns of the queries' low-rank form.</param>
    /// <param name="config">Heads, columns, positions.</param>
    public Indexer(Checkpoint at, int layer, int hidden, int queryRank, IndexerConfig config)
    {
        (_config, _layer) = (config, layer);
        _scale = (float)(1 / Math.Sqrt((double)config.Columns * config.Heads));
        _query = new(at.At("wq_b"), config.Heads * config.Columns, queryRank);
        _key = new(at.At("wk"), config.Columns, hidden);
        _keyNorm = new(at.At("k_norm"), config.Columns, Epsilon);
        _weights = new(at.At("weights_proj"), config.Heads, hidden);
    }

    /// <param name="x">[rows, hidden].</param>
    /// <param name="lowRankQuery">[rows, query rank], normalized.</param>
    /// <param name="angles">The step's rotary angles.</param>
    /// <param name="batch">The step.</param>
    /// <param name="ops">The backend's operations.</param>
    /// <returns>I32 [rows, n]: positions, ascending, then -1.</returns>
    public Tensor Forward(Tensor x, Tensor lowRankQuery, Tensor angles, ForwardBatch batch, IOps ops)
    {
        var q = _query.Forward(lowRankQuery, ops);                                      // [rows, heads * columns]
        var k = _keyNorm.Forward(_key.Forward(x, ops), ops);                            // [rows, columns]
        ops.Rotate(q, angles, _config.Columns, _config.Pairing);
        ops.Rotate(k, angles, _config.Columns, _config.Pairing);
        var weights = _weights.Forward(x, ops);                                         // [rows, heads]
        var selection = ops.SelectPositions(q, k, weights, batch.Kv[_layer].IndexKeys(_config.Columns), batch.Attention[_layer], _config.Most, _scale);
        return batch.ReviseSelection is { } revise ? revise(new(q, k, weights, selection, _config.Most)) : selection;
    }
}
