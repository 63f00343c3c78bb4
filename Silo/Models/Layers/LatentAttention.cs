using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>Multi-head latent attention: one small vector per token is kept, and every head's key and value are products of it.</summary>
/// <remarks>
/// Always in the absorbed form: the queries are brought into the latent space and the result out of it, so keys and values are never written out.
/// In prefill that costs more products than writing them out, but a row gets the same bits either way (decision D2).
/// Source: DeepSeek-V2, arXiv:2405.04434, section 2.1.
/// </remarks>
internal sealed class LatentAttention : IAttention
{
    /// <summary>Of the norms inside attention: the published code leaves it at 1e-6 whatever config.json says for the others.</summary>
    private const float Epsilon = 1e-6f;

    private readonly LatentConfig _config;
    private readonly int _layer;
    private readonly float _scale;
    private readonly RopePairing _pairing;
    private readonly Linear _query;
    private readonly Linear? _queryDown;
    private readonly RmsNorm? _queryNorm;
    private readonly Linear _latent;
    private readonly RmsNorm _latentNorm;
    private readonly Weight _expand;
    private readonly Linear _output;
    private readonly HeadSlice _keyRows;
    private readonly HeadSlice _valueRows;
    private readonly Indexer? _indexer;

    /// <param name="at">Where "q_proj" or "q_a_proj" and "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj" and, in a layer with one, "indexer" are.</param>
    /// <param name="layer">Model layer: index into the step's KV layers.</param>
    /// <param name="hidden">Columns of the input and of the result.</param>
    /// <param name="config">Ranks and columns.</param>
    /// <param name="scale">Factor on the scores.</param>
    /// <param name="pairing">Which rotated columns form a pair.</param>
    public LatentAttention(Checkpoint at, int layer, int hidden, LatentConfig config, float scale, RopePairing pairing)
    {
        (_config, _layer, _scale, _pairing) = (config, layer, scale, pairing);
        var queryColumns = config.Heads * (config.PlainColumns + config.RotatedColumns);
        if (config.QueryRank > 0)
        {
            _queryDown = new(at.At("q_a_proj"), config.QueryRank, hidden, config.Bias);
            _queryNorm = new(at.At("q_a_layernorm"), config.QueryRank, Epsilon);
            _query = new(at.At("q_b_proj"), queryColumns, config.QueryRank);
        }
        else
        {
            _query = new(at.At("q_proj"), queryColumns, hidden);
        }

        _latent = new(at.At("kv_a_proj_with_mqa"), config.CacheColumns, hidden, config.Bias);
        _latentNorm = new(at.At("kv_a_layernorm"), config.LatentRank, Epsilon);
        var stride = config.PlainColumns + config.ValueColumns;
        _expand = at.At("kv_b_proj").Matrix("weight", config.Heads * stride, config.LatentRank);
        _keyRows = new(config.Heads, stride, 0, config.PlainColumns);
        _valueRows = new(config.Heads, stride, config.PlainColumns, config.ValueColumns);
        _output = new(at.At("o_proj"), hidden, config.Heads * config.ValueColumns, config.Bias);
        _indexer = config.Indexer is { } indexer && indexer.Layers.Contains(layer) ? new(at.At("indexer"), layer, hidden, config.QueryRank, indexer) : null;
    }

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, Tensor angles, ForwardBatch batch, IOps ops)
    {
        var source = _queryDown is null ? x : _queryNorm!.Forward(_queryDown.Forward(x, ops), ops);     // [rows, query rank], or x
        var q = _query.Forward(source, ops);                                            // [rows, heads * (plain + rotated)]
        var headColumns = _config.PlainColumns + _config.RotatedColumns;
        var plain = ops.SliceHeads(q, headColumns, 0, _config.PlainColumns);            // [rows, heads * plain]
        var turned = ops.SliceHeads(q, headColumns, _config.PlainColumns, _config.RotatedColumns);
        ops.Rotate(turned, angles, _config.RotatedColumns, _pairing);
        var absorbed = ops.LinearHeads(plain, _expand, _keyRows, transposed: true);     // [rows, heads * latent]
        var query = ops.JoinHeads(absorbed, turned, _config.Heads);                     // [rows, heads * (latent + rotated)]

        var compressed = _latent.Forward(x, ops);                                       // [rows, latent + rotated]
        var key = compressed.ColumnSlice(_config.LatentRank, _config.RotatedColumns);
        ops.Rotate(key, angles, _config.RotatedColumns, _pairing);
        var kept = ops.JoinHeads(_latentNorm.Forward(compressed.ColumnSlice(0, _config.LatentRank), ops), key, heads: 1);

        batch.Selection = _indexer is null ? batch.Selection : _indexer.Forward(x, source, angles, batch, ops);
        var selection = _config.Indexer is null ? null : batch.Selection;
        var attended = ops.LatentAttention(query, kept, batch.Kv[_layer], batch.Attention[_layer], _config.LatentRank, _scale, selection);
        return _output.Forward(ops.LinearHeads(attended, _expand, _valueRows, transposed: false), ops);
    }
}
