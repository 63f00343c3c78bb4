using System.Text;
using XLLM.Silo.Tokenization.Normalization;
using XLLM.Silo.Tokenization.Patterns;
using XLLM.Silo.Tokenization.PreTokenization;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>Puts a byte-level tokenizer together from the lists of a GGUF file. How text is cut, the file gives by name alone.</summary>
internal static class TokenListReader
{
    private const string ByteLevel = "gpt2";
    private const long Normal = 1;
    private const long UserDefined = 4;
    private const long Unused = 5;

    /// <summary>What the original tokenizers of a name do.</summary>
    /// <param name="Pattern">How text is cut.</param>
    /// <param name="ComposesText">Text is brought into NFC first.</param>
    /// <param name="WholeWordsFirst">A word that is a token is not merged (<c>ignore_merges</c>).</param>
    /// <param name="AddsBegin">A text begins with the beginning token.</param>
    private sealed record Cut(string Pattern, bool ComposesText, bool WholeWordsFirst, bool AddsBegin);

    private static readonly Dictionary<string, Cut> Cuts = new(StringComparer.Ordinal)
    {
        ["qwen2"] = new(KnownPatterns.Qwen, ComposesText: true, WholeWordsFirst: false, AddsBegin: false),
        ["llama-bpe"] = new(KnownPatterns.Cl100k, ComposesText: false, WholeWordsFirst: true, AddsBegin: true),
        ["llama3"] = new(KnownPatterns.Cl100k, ComposesText: false, WholeWordsFirst: true, AddsBegin: true),
        ["llama-v3"] = new(KnownPatterns.Cl100k, ComposesText: false, WholeWordsFirst: true, AddsBegin: true),
        ["gpt-2"] = new(KnownPatterns.Gpt2, ComposesText: false, WholeWordsFirst: false, AddsBegin: false),
        ["gpt-4o"] = new(KnownPatterns.O200k, ComposesText: false, WholeWordsFirst: false, AddsBegin: false),
    };

    /// <summary>Reads the lists.</summary>
    /// <exception cref="TokenizerException">They do not fit each other, or ask for something that is not supported.</exception>
    public static TokenizerParts Read(TokenLists lists)
    {
        if (lists.Model != ByteLevel)
        {
            throw new TokenizerException(lists.Source, "tokenizer.ggml.model", $"\"{lists.Model}\" is not supported; supported: {ByteLevel} (byte-level merges)");
        }

        if (!Cuts.TryGetValue(lists.PreTokenizer, out var cut))
        {
            throw new TokenizerException(lists.Source, "tokenizer.ggml.pre", $"\"{lists.PreTokenizer}\" is not supported; supported: {string.Join(", ", Cuts.Keys)}");
        }

        var builder = new VocabularyBuilder();
        var names = new Dictionary<string, int>(lists.Tokens.Count, StringComparer.Ordinal);
        var regular = new List<int>(lists.Tokens.Count);
        var odd = new Dictionary<string, int>();
        var added = new List<AddedToken>();
        for (var id = 0; id < lists.Tokens.Count; id++)
        {
            Add(lists, id, builder, names, regular, odd, added);
        }

        var vocabulary = builder.Build(lists.Source, added);
        return new()
        {
            Source = lists.Source,
            Vocabulary = vocabulary,
            Words = new ByteLevelWordEncoder(new(vocabulary, regular), ReadMerges(lists, names), cut.WholeWordsFirst, readsByteAlphabet: false, namesInByteAlphabet: true, odd),
            Normalizer = cut.ComposesText ? new UnicodeFormNormalizer(NormalizationForm.FormC) : null,
            Steps = [new SplitStep(Pattern.Parse(cut.Pattern), SplitBehavior.Isolated, invert: false)],
            AddedTokens = added,
            Frame = lists.BeginToken is { } begin && (lists.AddsBegin ?? cut.AddsBegin) ? new([begin], []) : TokenFrame.None,
        };
    }

    private static void Add(TokenLists lists, int id, VocabularyBuilder builder, Dictionary<string, int> names, List<int> regular, Dictionary<string, int> odd, List<AddedToken> added)
    {
        var written = lists.Tokens[id];
        var kind = lists.Kinds.Count == 0 ? Normal : lists.Kinds[id];
        if (kind is Unused || written.Length == 0)
        {
            return;     // fills the table up to the size of the embeddings; never an answer
        }

        if (kind != Normal)
        {
            added.Add(AddedToken.Control(id, written) with { Special = kind != UserDefined });
            return;
        }

        var bytes = ByteAlphabet.TryParse(written);
        if (bytes is null)
        {
            odd.TryAdd(written, id);
        }
        else
        {
            regular.Add(id);
        }

        names.TryAdd(written, id);
        if (builder.TrySet(id, bytes ?? Encoding.UTF8.GetBytes(written)) is { } problem)
        {
            throw new TokenizerException(lists.Source, $"tokenizer.ggml.tokens[{id}]", problem);
        }
    }

    private static MergeTable ReadMerges(TokenLists lists, Dictionary<string, int> names)
    {
        var table = new MergeTable(lists.Merges.Count);
        for (var rank = 0; rank < lists.Merges.Count; rank++)
        {
            if (lists.Merges[rank].Split(' ') is not [var left, var right])
            {
                throw Fault($"\"{lists.Merges[rank]}\" must have 2 parts with one space between");
            }

            table.Add(Id(left), Id(right), rank, Id(left + right));

            int Id(string written) => names.TryGetValue(written, out var id) ? id : throw Fault($"\"{left}\" and \"{right}\" merge, but \"{written}\" is not a normal token");
            TokenizerException Fault(string problem) => new(lists.Source, $"tokenizer.ggml.merges[{rank}]", problem);
        }

        return table;
    }
}
