namespace XLLM.Silo.Tokenization.Formats;

/// <summary>A tokenizer as lists: how GGUF files carry it.</summary>
internal sealed record TokenLists
{
    /// <summary>The file, for messages.</summary>
    public required string Source { get; init; }

    /// <summary>"gpt2": merges over bytes.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the way text is cut into words: "qwen2", "llama-bpe".</summary>
    public required string PreTokenizer { get; init; }

    /// <summary>By id, in the byte alphabet; control and added tokens as text.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>By id: 1 normal, 2 unknown, 3 control, 4 added by users, 5 unused; empty: all are normal.</summary>
    public required IReadOnlyList<long> Kinds { get; init; }

    /// <summary>Two tokens and a space between; the first merges first.</summary>
    public required IReadOnlyList<string> Merges { get; init; }

    /// <summary>Token that begins a text, or null.</summary>
    public int? BeginToken { get; init; }

    /// <summary>Whether it is put in front; null: as the pre-tokenizer's models do.</summary>
    public bool? AddsBegin { get; init; }
}
