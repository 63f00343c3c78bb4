using XLLM.NativeBackends.Ops;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Models;

/// <summary>Pictures to what the language model reads in place of their tokens: a stage of its own, which may run on another machine than prefill and decode.</summary>
/// <remarks>
/// One picture a call, so a picture's result depends on nothing but its own pixels, bit for bit (decision D2): whoever has it cached by
/// <see cref="PictureHash"/> may use it in any prompt. Rows can be read with <see cref="IOps.ReadRow"/> and put back with <see cref="IOps.Floats"/>.
/// </remarks>
internal interface IPictureEncoder
{
    /// <summary>
    /// Columns of a token's result: hidden size * (1 + deepstack layers). The first hidden-size columns replace the token's embedding,
    /// the next ones are added to its row after the first layer, and so on. See <see cref="ForwardBatch.PictureEmbeddings"/>.
    /// </summary>
    int Columns { get; }

    /// <summary>Values of one patch: channels * frames * patch side * patch side.</summary>
    int ValuesPerPatch { get; }

    /// <summary>Side of the square of patches that becomes one token.</summary>
    int MergeSize { get; }

    /// <summary>Encodes one picture. Begins no step of its own: the caller calls <see cref="IOps.BeginStep"/> before it.</summary>
    /// <param name="pixelValues">[patches, <see cref="ValuesPerPatch"/>], in the order of <see cref="PatchLayout"/>.</param>
    /// <param name="grid">Its patches; both sides multiples of <see cref="MergeSize"/>.</param>
    /// <param name="ops">Operations of the backend that has the encoder's weights.</param>
    /// <returns>F32 [image tokens, <see cref="Columns"/>], dense, in the workspace: valid until the next step.</returns>
    /// <exception cref="ArgumentException">The values are not as many as the grid needs, or a side is no multiple of the merge size.</exception>
    Tensor Encode(ReadOnlySpan<float> pixelValues, PictureGrid grid, IOps ops);
}
