using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>Lets a <see cref="ModelRunner"/> run a draft model: the states that it takes besides the tokens are set before each step.</summary>
/// <param name="draft">The draft model.</param>
/// <param name="inputVocabulary">Tokens that may be given to it: the target's vocabulary, not the columns of its logits.</param>
internal sealed class DraftAsModel(IDraftModel draft, int inputVocabulary) : ICausalModel
{
    /// <summary>[rows, hidden]: the states of the next step's rows.</summary>
    public Tensor States { get; set; }

    /// <inheritdoc/>
    public int VocabularySize => inputVocabulary;

    /// <inheritdoc/>
    public int MaxContext => draft.MaxContext;

    /// <inheritdoc/>
    public KvLayout KvLayout => draft.KvLayout;

    /// <inheritdoc/>
    public Tensor Forward(ForwardBatch batch, IOps ops)
    {
        var output = draft.Forward(batch, States, ops);
        batch.HiddenStates?.Invoke(0, output.Hidden);
        return output.Logits;
    }
}
