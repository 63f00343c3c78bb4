using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>What files of models that read pictures have in common: two sections of fields, or the decoder's at the top; two trees of tensors under the names of several exports.</summary>
internal sealed class MultimodalFile
{
    private readonly ModelConfigReader _file;
    private readonly DecoderFamily _family;

    /// <param name="file">config.json.</param>
    /// <param name="family">What the decoder's fields are filled in with.</param>
    /// <param name="checkpoint">Root of the tensor names.</param>
    /// <param name="encoderFirst">Whether the published names are "visual" and "model", as in Qwen2-VL and Qwen2.5-VL, not "model.visual" and "model.language_model".</param>
    public MultimodalFile(ModelConfigReader file, DecoderFamily family, Checkpoint checkpoint, bool encoderFirst)
    {
        (_file, _family) = (file, family);
        Text = file.Section("text_config") ?? file;
        Encoder = checkpoint.AtFirst("patch_embed.proj.weight", encoderFirst ? ["visual", "model.visual"] : ["model.visual", "visual"]);
        Decoder = checkpoint.AtFirst("embed_tokens.weight", encoderFirst ? ["model", "model.language_model"] : ["model.language_model", "model"]);
    }

    /// <summary>The decoder's fields.</summary>
    public ModelConfigReader Text { get; }

    /// <summary>Where the vision encoder's tensors are.</summary>
    public Checkpoint Encoder { get; }

    /// <summary>Where the decoder's tensors are, but for its head.</summary>
    public Checkpoint Decoder { get; }

    /// <summary>The decoder's fields, read and checked. Whether its head is tied, the top of the file says first.</summary>
    public DecoderConfig ReadDecoder()
    {
        var config = DecoderConfig.Read(Text, _family);
        return config with { TieWordEmbeddings = _file.OptionalFlag("tie_word_embeddings") ?? config.TieWordEmbeddings };
    }

    /// <summary>What the decoder does with pictures.</summary>
    /// <param name="config">The decoder's fields.</param>
    /// <param name="encoder">Builds the encoder from its section of config.json, the decoder's columns and the place of its tensors.</param>
    /// <param name="interleaved">Whether the axes of rotary positions take turns, pair by pair.</param>
    /// <param name="sections">Pairs of each axis where the file does not say; null: it must.</param>
    public PictureInput ReadPictures(DecoderConfig config, Func<ModelConfigReader, int, Checkpoint, IPictureEncoder> encoder, bool interleaved, IReadOnlyList<int>? sections = null)
    {
        var section = _file.Section("vision_config") ?? throw _file.Fault("vision_config", "is missing; expected the fields of the vision encoder");
        var token = _file.Integer("image_token_id", least: 0);
        if (token >= config.VocabSize)
        {
            throw _file.Fault("image_token_id", $"is {token}, but the vocabulary has {config.VocabSize} tokens");
        }

        var axes = RotarySections.Read(Text, config.RotatedColumns / 2, interleaved, sections);
        var pictures = encoder(section, config.HiddenSize, Encoder);
        return pictures.Columns / config.HiddenSize - 1 <= config.NumHiddenLayers
            ? new PictureInput(pictures, token, config.HiddenSize, axes)
            : throw section.Fault("deepstack_visual_indexes", $"names {pictures.Columns / config.HiddenSize - 1} layers, but the decoder has {config.NumHiddenLayers} to add them after");
    }
}
