namespace XLLM.Silo.Tokenization;

/// <summary>Turns text into the token ids of one model and back. Thread-safe: one instance serves the whole silo.</summary>
internal interface ITokenizer
{
    /// <summary>Number of ids that decode to something: base vocabulary and added tokens, holes included (largest id + 1).</summary>
    int VocabularySize { get; }

    /// <summary>Encodes text. Special and added tokens that stand in the text become their one id.</summary>
    /// <param name="text">Any UTF-16 text; unpaired surrogates are encoded as U+FFFD.</param>
    /// <param name="addSpecialTokens">Also add what the tokenizer's post-processor adds (such as a leading BOS). Chat templates write their own, so a rendered prompt passes false.</param>
    int[] Encode(ReadOnlySpan<char> text, bool addSpecialTokens);

    /// <summary>The id of one whole token as it is written in the vocabulary or in the added tokens (such as <c>&lt;|im_end|&gt;</c>), or null.</summary>
    int? FindToken(string token);

    /// <summary>The bytes that a token stands for; empty for ids that are in no vocabulary. Special tokens give their text's bytes.</summary>
    ReadOnlySpan<byte> TokenBytes(int id);

    /// <summary>Whether the id is a special token, which does not show in generated text unless asked for.</summary>
    bool IsSpecial(int id);

    /// <summary>
    /// Whether decoding a whole text takes one leading space away: SentencePiece-like tokenizers put one in front of the first word.
    /// <see cref="IncrementalDecoder"/> does it; <see cref="TokenBytes"/> keeps the space.
    /// </summary>
    bool StripsLeadingSpace { get; }
}
