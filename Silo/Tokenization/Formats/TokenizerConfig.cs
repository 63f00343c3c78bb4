using System.Globalization;
using System.Text.Json;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>What tokenizer_config.json, and the older files beside it, add to the vocabulary files.</summary>
internal sealed record TokenizerConfig
{
    /// <summary>No companion file.</summary>
    public static TokenizerConfig None { get; } = new();

    /// <summary>The original's class, which says how vocabularies without tokenizer.json are to be used; null where it is not said.</summary>
    public string? TokenizerClass { get; init; }

    public string? BeginToken { get; init; }

    public string? EndToken { get; init; }

    public string? UnknownToken { get; init; }

    public string? PaddingToken { get; init; }

    /// <summary>Whether a BOS is put in front; null where it is not said.</summary>
    public bool? AddsBegin { get; init; }

    /// <summary>Whether an EOS is put behind; null where it is not said.</summary>
    public bool? AddsEnd { get; init; }

    public bool AddsPrefixSpace { get; init; }

    /// <summary>The pre-tokenizer's pattern where a file gives it (<c>pat_str</c>).</summary>
    public string? Pattern { get; init; }

    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>The frame that <see cref="AddsBegin"/> and <see cref="AddsEnd"/> ask for.</summary>
    /// <param name="addedTokens">Where BOS and EOS are found by their text.</param>
    public TokenFrame Frame(IReadOnlyList<AddedToken> addedTokens)
    {
        return new(Tokens(AddsBegin, BeginToken), Tokens(AddsEnd, EndToken));

        int[] Tokens(bool? adds, string? content) =>
            adds is true && addedTokens.FirstOrDefault(token => token.Content == content) is { } token ? [token.Id] : [];
    }

    /// <summary>Reads the companion files that a folder has.</summary>
    public static TokenizerConfig Read(string folder)
    {
        var path = Path.Combine(folder, "tokenizer_config.json");
        var config = None;
        if (File.Exists(path))
        {
            using var stream = File.OpenRead(path);
            config = Read(stream, path);
        }

        var added = Path.Combine(folder, "added_tokens.json");
        return File.Exists(added) ? config with { AddedTokens = [.. config.AddedTokens, .. ReadAddedTokens(added, config)] } : config;
    }

    /// <summary>Reads a tokenizer_config.json.</summary>
    /// <param name="file">Its name, for errors.</param>
    public static TokenizerConfig Read(Stream stream, string file)
    {
        using var document = Json.Parse(stream, file);
        var root = JsonField.Root(file, document.RootElement);
        var tokens = new List<AddedToken>();
        foreach (var (name, value) in root.TryGet("added_tokens_decoder")?.Members() ?? [])
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                throw value.Fault($"the name \"{name}\" must be a token id");
            }

            tokens.Add(ReadAddedToken(value, id));
        }

        return new()
        {
            TokenizerClass = root.TryString("tokenizer_class"),
            BeginToken = Text(root, "bos_token"),
            EndToken = Text(root, "eos_token"),
            UnknownToken = Text(root, "unk_token"),
            PaddingToken = Text(root, "pad_token"),
            AddsBegin = root.TryGet("add_bos_token")?.AsBoolean(),
            AddsEnd = root.TryGet("add_eos_token")?.AsBoolean(),
            AddsPrefixSpace = root.Boolean("add_prefix_space"),
            Pattern = root.TryString("pat_str"),
            AddedTokens = tokens,
        };
    }

    /// <summary>Reads an added token's object, as tokenizer.json and tokenizer_config.json both have it.</summary>
    public static AddedToken ReadAddedToken(JsonField field, int id)
    {
        var content = field.Get("content").AsString();
        if (content.Length == 0)
        {
            throw field.Fault("the content is empty");
        }

        var special = field.Boolean("special");
        return new(
            id,
            content,
            field.Boolean("single_word"),
            field.Boolean("lstrip"),
            field.Boolean("rstrip"),
            field.Boolean("normalized", missing: !special),
            special);
    }

    private static List<AddedToken> ReadAddedTokens(string path, TokenizerConfig config)
    {
        using var stream = File.OpenRead(path);
        using var document = Json.Parse(stream, path);
        var known = config.AddedTokens.Select(token => token.Content).ToHashSet();
        var tokens = new List<AddedToken>();
        foreach (var (content, value) in JsonField.Root(path, document.RootElement).Members())
        {
            if (content.Length == 0)
            {
                throw value.Fault("the content is empty");
            }

            if (known.Add(content))
            {
                // The old form has no flags; what is written like control is control.
                var special = content.StartsWith("<|", StringComparison.Ordinal)
                    || content == config.BeginToken || content == config.EndToken || content == config.UnknownToken;
                tokens.Add(AddedToken.Control(value.AsInteger(), content) with { Special = special });
            }
        }

        return tokens;
    }

    /// <summary>A token is written as its text, or as an object with its text as content.</summary>
    private static string? Text(JsonField root, string name) => root.TryGet(name) switch
    {
        { Kind: JsonValueKind.Object } token => token.Get("content").AsString(),
        { } text => text.AsString(),
        null => null,
    };
}
