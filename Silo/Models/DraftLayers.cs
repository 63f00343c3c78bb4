using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Multi-token-prediction layers: published as layers after the decoder's last one, loaded by a draft model and not by its target.</summary>
internal static class DraftLayers
{
    private const string Field = "num_nextn_predict_layers";
    private const int MostLayers = 64;

    /// <summary>Says that the draft layers may be in the checkpoint of a target: as many as the file says, or one where it does not (GLM-4.7-Flash).</summary>
    public static void Ignore(ModelConfigReader file, int decoderLayers, Checkpoint checkpoint)
    {
        for (var i = 0; i < (file.OptionalInteger(Field, 0, MostLayers) ?? 1); i++)
        {
            checkpoint.At($"model.layers.{decoderLayers + i}").IgnoreTree();
        }
    }

    /// <summary>Finds the draft layer, and says that all the rest is the target's.</summary>
    /// <returns>Where its tensors are.</returns>
    /// <exception cref="UnsupportedModelException">There is none, or several that follow each other.</exception>
    public static Checkpoint Take(ModelConfigReader file, int decoderLayers, Checkpoint checkpoint)
    {
        var at = checkpoint.At($"model.layers.{decoderLayers}");
        var count = file.OptionalInteger(Field, 0, MostLayers);
        if (count > 1)
        {
            throw file.Unsupported(Field, $"is {count}; one draft layer is supported");
        }

        if (count is 0 || !(checkpoint.MakesTensors || at.Has("eh_proj.weight")))
        {
            throw file.Unsupported(Field, $"is {count?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "missing"}, and there is no \"{at.Name}.eh_proj.weight\": this checkpoint has no draft layer");
        }

        foreach (var place in (string[])["model.embed_tokens", "model.norm", "lm_head", .. Enumerable.Range(0, decoderLayers).Select(i => $"model.layers.{i}")])
        {
            checkpoint.At(place).IgnoreTree();
        }

        return at;
    }
}
