using XLLM.Silo.Models.Layers;

namespace XLLM.Silo.Models;

/// <summary>A model that a draft model can be built on: it fills <see cref="ForwardBatch.Capture"/>, and lends the tables that drafts share.</summary>
internal interface IDraftTarget
{
    /// <summary>Layers of the decoder.</summary>
    int LayerCount { get; }

    /// <summary>Columns of a hidden state.</summary>
    int HiddenSize { get; }

    /// <summary>Token ids to vectors.</summary>
    Embedding Embedding { get; }

    /// <summary>Hidden states to logits.</summary>
    Linear Head { get; }
}
