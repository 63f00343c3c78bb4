namespace XLLM.Silo.Tokenization;

/// <summary>Encodes one piece of a text by the model's merges. Pure and thread-safe.</summary>
internal abstract class WordEncoder
{
    /// <summary>Appends the tokens of a piece.</summary>
    /// <param name="word">Well-formed UTF-16, not empty.</param>
    public abstract void Encode(ReadOnlySpan<char> word, List<int> output);

    /// <summary>The id of a token of the model's vocabulary by its written form, or null.</summary>
    public abstract int? FindToken(string written);
}
