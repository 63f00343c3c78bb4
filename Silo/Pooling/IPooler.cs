namespace XLLM.Silo.Pooling;

/// <summary>Makes the one result that a sequence gives in place of tokens. Belongs to the executor until the step that fills it has finished, then to the engine's loop.</summary>
internal interface IPooler
{
    /// <summary>Whether it reads the last token's logits; else its hidden state after the final norm.</summary>
    bool ReadsLogits { get; }

    /// <summary>The result; its memory is there from the start, so a step allocates nothing.</summary>
    float[] Result { get; }

    /// <summary>Fills <see cref="Result"/>.</summary>
    /// <param name="row">Logits [vocabulary] or hidden state [hidden] of the sequence's last token.</param>
    /// <returns>Why there is no result, or null.</returns>
    string? Pool(ReadOnlySpan<float> row);
}
