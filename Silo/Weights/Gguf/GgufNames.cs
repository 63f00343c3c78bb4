using System.Globalization;

namespace XLLM.Silo.Weights.Gguf;

/// <summary>Names of tensors of GGUF files to names of checkpoints.</summary>
internal static class GgufNames
{
    private const string Layer = "blk.";

    private static readonly Dictionary<string, string> OfModel = new(StringComparer.Ordinal)
    {
        ["token_embd"] = "model.embed_tokens",
        ["output_norm"] = "model.norm",
        ["output"] = "lm_head",
    };

    private static readonly Dictionary<string, string> OfLayer = new(StringComparer.Ordinal)
    {
        ["attn_norm"] = "input_layernorm",
        ["attn_q"] = "self_attn.q_proj",
        ["attn_k"] = "self_attn.k_proj",
        ["attn_v"] = "self_attn.v_proj",
        ["attn_output"] = "self_attn.o_proj",
        ["attn_q_norm"] = "self_attn.q_norm",
        ["attn_k_norm"] = "self_attn.k_norm",
        ["ffn_norm"] = "post_attention_layernorm",
        ["ffn_gate"] = "mlp.gate_proj",
        ["ffn_up"] = "mlp.up_proj",
        ["ffn_down"] = "mlp.down_proj",
    };

    /// <summary>The name in a checkpoint: "blk.3.attn_q.weight" is "model.layers.3.self_attn.q_proj.weight". A name that is not known stays, and will be reported as left over.</summary>
    public static string InCheckpoint(string name)
    {
        var end = name.LastIndexOf('.');
        if (end < 0)
        {
            return name;
        }

        var (module, last) = (name[..end], name[(end + 1)..]);
        if (OfModel.TryGetValue(module, out var ofModel))
        {
            return $"{ofModel}.{last}";
        }

        if (!module.StartsWith(Layer, StringComparison.Ordinal) || module[Layer.Length..].Split('.') is not [var number, var part]
            || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var layer) || !OfLayer.TryGetValue(part, out var ofLayer))
        {
            return name;
        }

        return string.Create(CultureInfo.InvariantCulture, $"model.layers.{layer}.{ofLayer}.{last}");
    }
}
