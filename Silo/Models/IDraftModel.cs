using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Models;

/// <summary>A model that guesses what its target will say, from the target's hidden states: an MTP layer or an EAGLE-3 head. A page of wiring like <see cref="ICausalModel"/>.</summary>
/// <remarks>
/// Row j of a draft step stands behind token j of the sequence: it takes the target's states at position j and the token at j + 1, and guesses token j + 2.
/// It is kept in slot j of the draft's own KV blocks. A guess is followed by another one: the row's <see cref="DraftOutput.Hidden"/> takes the place of the target's states.
/// </remarks>
internal interface IDraftModel
{
    /// <summary>Columns of the logits; may be fewer than the target's vocabulary has.</summary>
    int VocabularySize { get; }

    /// <summary>Longest sequence the model was made for, in tokens.</summary>
    int MaxContext { get; }

    /// <summary>What its layers keep per token; they are numbered from 0, apart from the target's.</summary>
    KvLayout KvLayout { get; }

    /// <summary>What it takes of its target, for a <see cref="StateCapture"/>.</summary>
    IReadOnlyList<int> TargetLayers { get; }

    /// <summary>Rotary position of row 0: 1 where a row is turned like the token that it takes (MTP), 0 where like the states (EAGLE-3).</summary>
    int FirstPosition { get; }

    /// <summary>The target's token that a column of the logits stands for.</summary>
    int TargetToken(int draftToken);

    /// <summary>Brings the target's states into the form of the draft's own.</summary>
    /// <param name="targetStates">[rows, TargetLayers * the target's hidden size].</param>
    /// <param name="ops">The backend's operations.</param>
    /// <returns>[rows, hidden].</returns>
    Tensor Enter(Tensor targetStates, IOps ops);

    /// <summary>Computes one step. Rows that follow the target's states and rows that follow own ones may be mixed.</summary>
    /// <param name="batch">The rows: the tokens at j + 1, their rotary positions (j + <see cref="FirstPosition"/>), the rows whose logits are wanted, and the draft's KV layers.</param>
    /// <param name="states">[rows, hidden]: from <see cref="Enter"/>, or <see cref="DraftOutput.Hidden"/> of the guess before.</param>
    /// <param name="ops">The backend's operations; results live until its next step.</param>
    DraftOutput Forward(ForwardBatch batch, Tensor states, IOps ops);
}

/// <summary>What a draft step makes.</summary>
/// <param name="Hidden">[rows, hidden]: what the next guess takes in place of the target's states.</param>
/// <param name="Logits">[rows of batch.LogitRows, draft vocabulary].</param>
internal readonly record struct DraftOutput(Tensor Hidden, Tensor Logits);
