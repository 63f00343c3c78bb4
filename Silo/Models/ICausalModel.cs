using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Models;

/// <summary>A decoder: a step's tokens in, logits out. A page of wiring over <see cref="IOps"/>; knows no sequence, scheduler or block manager.</summary>
internal interface ICausalModel
{
    /// <summary>Tokens the vocabulary has: columns of the logits.</summary>
    int VocabularySize { get; }

    /// <summary>Longest sequence the model was made for, in tokens.</summary>
    int MaxContext { get; }

    /// <summary>What the layers keep per token or per sequence.</summary>
    KvLayout KvLayout { get; }

    /// <summary>The stage that turns pictures into rows; null: the model reads text alone.</summary>
    IPictureEncoder? Pictures => null;

    /// <summary>The token that stands for pictures in a prompt, repeated for each of a picture's tokens (<c>image_token_id</c>); null: the model reads text alone.</summary>
    int? PictureToken => null;

    /// <summary>Rotary positions of a row: 1, or 3 (time, row, column) in models that read pictures. See <see cref="ForwardBatch.RotaryPositions"/>.</summary>
    int RotaryAxes => 1;

    /// <summary>Computes one step.</summary>
    /// <param name="batch">The step's rows; its tensors and KV layers are in the memory of the backend of <paramref name="ops"/>.</param>
    /// <param name="ops">The backend's operations; results live until its next step.</param>
    /// <returns>F32 [rows of batch.LogitRows, vocabulary].</returns>
    Tensor Forward(ForwardBatch batch, IOps ops);
}
