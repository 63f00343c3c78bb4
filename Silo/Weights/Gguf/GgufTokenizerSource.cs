namespace XLLM.Silo.Weights.Gguf;

/// <summary>The tokenizer and chat template that a GGUF file carries, as it carries them.</summary>
internal sealed record GgufTokenizerSource
{
    /// <summary>The file, for messages.</summary>
    public required string File { get; init; }

    /// <summary>Kind of tokenizer: "gpt2" is byte-level BPE.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the pre-tokenizer: "qwen2", "llama-bpe"; empty where the file does not say.</summary>
    public required string PreTokenizer { get; init; }

    /// <summary>By id; of byte-level BPE in its alphabet.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>By id: 1 normal, 2 unknown, 3 control, 4 added by users, 5 unused, 6 a byte; empty where the file does not say.</summary>
    public required IReadOnlyList<long> TokenTypes { get; init; }

    /// <summary>Two tokens and a space between; the first merges first.</summary>
    public required IReadOnlyList<string> Merges { get; init; }

    /// <summary>Token that begins a text, or null.</summary>
    public required int? BeginToken { get; init; }

    /// <summary>Token that ends a text, or null.</summary>
    public required int? EndToken { get; init; }

    /// <summary>Padding, or null.</summary>
    public required int? PaddingToken { get; init; }

    /// <summary>Whether the first is put in front of a text; null where the file does not say.</summary>
    public required bool? AddsBegin { get; init; }

    /// <summary>Source of the chat template, or null.</summary>
    public required string? ChatTemplate { get; init; }

    /// <summary>Reads the keys.</summary>
    /// <exception cref="CheckpointException">One is of another type, or the lists do not fit each other.</exception>
    public static GgufTokenizerSource Read(GgufFile file)
    {
        const string Prefix = "tokenizer.ggml.";
        var metadata = file.Metadata;
        var tokens = metadata.Texts($"{Prefix}tokens") ?? throw metadata.Fault($"{Prefix}tokens", "is missing: the file has no tokenizer");
        var types = metadata.Integers($"{Prefix}token_type") ?? [];
        if (types.Count > 0 && types.Count != tokens.Count)
        {
            throw metadata.Fault($"{Prefix}token_type", $"has {types.Count} entries for {tokens.Count} tokens");
        }

        return new GgufTokenizerSource
        {
            File = file.Path,
            Model = metadata.Text($"{Prefix}model") ?? throw metadata.Fault($"{Prefix}model", "is missing"),
            PreTokenizer = metadata.Text($"{Prefix}pre") ?? string.Empty,
            Tokens = tokens,
            TokenTypes = types,
            Merges = metadata.Texts($"{Prefix}merges") ?? [],
            BeginToken = Token("bos_token_id"),
            EndToken = Token("eos_token_id"),
            PaddingToken = Token("padding_token_id"),
            AddsBegin = metadata.Flag($"{Prefix}add_bos_token"),
            ChatTemplate = metadata.Text("tokenizer.chat_template"),
        };

        int? Token(string name) => metadata.Integer($"{Prefix}{name}") is { } id
            ? id < tokens.Count ? id : throw metadata.Fault($"{Prefix}{name}", $"is {id}, but there are {tokens.Count} tokens")
            : null;
    }
}
