using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Multi-token-prediction layers: published as layers after the decoder's last one, loaded by a draft model and not by its target.</summary>
internal static class DraftLayers
{
    private const int MostLayers = 64;

    /// <summary>Says that the draft layers may be in the checkpoint of a target: as many as the file says, or one where it does not (GLM-4.7-Flash).</summary>
    public static void Ignore(ModelConfigReader file, int decoderLayers, Checkpoint checkpoint)
    {
        for (var i = 0; i < (file.OptionalInteger("num_nextn_predict_layers", 0, MostLayers) ?? 1); i++)
        {
            checkpoint.At($"model.layers.{decoderLayers + i}").IgnoreTree();
        }
    }
}
