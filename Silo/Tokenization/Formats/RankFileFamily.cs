namespace XLLM.Silo.Tokenization.Formats;

/// <summary>
/// What a rank file leaves unsaid: the pattern, the control tokens, whether text is normalized. The originals have it in code, so a file is
/// told by its companion's class, by its own name, or by its number of tokens.
/// </summary>
/// <param name="Classes">Names of the original's class.</param>
/// <param name="FileNames">Names of the file, without extension.</param>
/// <param name="Ranks">Tokens in the file.</param>
/// <param name="ComposesText">Text is brought into NFC first.</param>
/// <param name="Controls">The control tokens, given the number of tokens in the file; those of the companion come before them.</param>
internal sealed record RankFileFamily(
    string[] Classes,
    string[] FileNames,
    int Ranks,
    string Pattern,
    bool ComposesText,
    Func<int, IEnumerable<AddedToken>> Controls)
{
    /// <summary>Ids that Kimi's class reserves behind the ranks; those that the companion does not name get a name by number.</summary>
    private const int KimiReserved = 256;

    private static readonly RankFileFamily[] Families =
    [
        new(["TikTokenTokenizer"], [], 163_584, KnownPatterns.Kimi, ComposesText: false, KimiControls),
        new(["QWenTokenizer"], ["qwen"], 151_643, KnownPatterns.Qwen, ComposesText: true, QwenControls),
        new(["ChatGLM4Tokenizer"], [], 151_329, KnownPatterns.Cl100k, ComposesText: false, _ => []),
        new([], [], 128_000, KnownPatterns.Cl100k, ComposesText: false, Llama3Controls),
        new([], ["cl100k_base"], 100_256, KnownPatterns.Cl100k, ComposesText: false, _ => Cl100kControls()),
        new([], ["o200k_base"], 199_998, KnownPatterns.O200k, ComposesText: false,
            _ => [AddedToken.Control(199_999, "<|endoftext|>"), AddedToken.Control(200_018, "<|endofprompt|>")]),
        new([], ["p50k_base"], 50_280, KnownPatterns.Gpt2, ComposesText: false, _ => [AddedToken.Control(50_256, "<|endoftext|>")]),
        new([], ["r50k_base", "gpt2"], 50_256, KnownPatterns.Gpt2, ComposesText: false, _ => [AddedToken.Control(50_256, "<|endoftext|>")]),
    ];

    /// <summary>The family of a file, or null where nothing tells it.</summary>
    public static RankFileFamily? TryFind(string? tokenizerClass, string fileName, int ranks) =>
        Array.Find(Families, family => tokenizerClass is not null && family.Classes.Contains(tokenizerClass))
        ?? Array.Find(Families, family => family.FileNames.Contains(fileName))
        ?? Array.Find(Families, family => family.Ranks == ranks);

    private static IEnumerable<AddedToken> KimiControls(int ranks) =>
        Enumerable.Range(ranks, KimiReserved).Select(id => AddedToken.Control(id, $"<|reserved_token_{id}|>"));

    private static IEnumerable<AddedToken> QwenControls(int ranks) =>
        ((string[])["<|endoftext|>", "<|im_start|>", "<|im_end|>", .. Enumerable.Range(0, 205).Select(index => $"<|extra_{index}|>")])
        .Select((content, index) => AddedToken.Control(ranks + index, content));

    private static IEnumerable<AddedToken> Llama3Controls(int ranks) =>
        ((string[])
        [
            "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
            "<|reserved_special_token_2|>", "<|reserved_special_token_3|>", "<|start_header_id|>", "<|end_header_id|>",
            "<|reserved_special_token_4|>", "<|eot_id|>", .. Enumerable.Range(5, 246).Select(index => $"<|reserved_special_token_{index}|>"),
        ]).Select((content, index) => AddedToken.Control(ranks + index, content));

    private static IEnumerable<AddedToken> Cl100kControls() =>
    [
        AddedToken.Control(100_257, "<|endoftext|>"),
        AddedToken.Control(100_258, "<|fim_prefix|>"),
        AddedToken.Control(100_259, "<|fim_middle|>"),
        AddedToken.Control(100_260, "<|fim_suffix|>"),
        AddedToken.Control(100_276, "<|endofprompt|>"),
    ];
}
