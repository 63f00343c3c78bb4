using XLLM.Grains.Interfaces.Prompts;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Sequences;

/// <summary>The pictures of a sequence's prompt: where they stand, what they are, and the rotary positions that follow from them.</summary>
/// <param name="pictures">As they came, in order.</param>
/// <param name="places">Their places; checked against the prompt.</param>
/// <param name="promptTokens">Tokens of the prompt.</param>
internal sealed class SequencePictures(IReadOnlyList<PromptPicture> pictures, PicturePlacement[] places, int promptTokens)
{
    /// <summary>As they came.</summary>
    public IReadOnlyList<PromptPicture> Pictures => pictures;

    /// <summary>Their places in the prompt.</summary>
    public IReadOnlyList<PicturePlacement> Places => places;

    /// <summary>Rotary positions of every token, generated ones included.</summary>
    public RotaryPositions Rotary { get; } = RotaryPositions.Of(promptTokens, places);

    /// <summary>By picture: the encoder's result while only a part of its tokens is computed, else null. Belongs to the executor.</summary>
    public float[]?[] Encoded { get; } = new float[]?[places.Length];

    /// <summary>Why a picture could not be encoded, or null. Written by the executor, read when its step has finished.</summary>
    public string? Fault { get; set; }
}
