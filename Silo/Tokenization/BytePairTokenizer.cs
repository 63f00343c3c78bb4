using System.Runtime.InteropServices;
using System.Text;
using XLLM.Silo.Tokenization.Normalization;
using XLLM.Silo.Tokenization.Patterns;
using XLLM.Silo.Tokenization.PreTokenization;

namespace XLLM.Silo.Tokenization;

/// <summary>
/// The tokenizer of nearly every served model: added tokens are cut out, the rest is normalized, cut into words by the pre-tokenizer's
/// steps, and each word's tokens are merged pair by pair. Immutable but for the cache of words, which is safe to share.
/// </summary>
internal sealed class BytePairTokenizer : ITokenizer
{
    /// <summary>Scratch lists grown beyond this by one long text are not kept for the thread's next text.</summary>
    private const int LargestKeptScratch = 1 << 16;

    [ThreadStatic]
    private static Scratch? _threadScratch;

    private readonly string _source;
    private readonly Vocabulary _vocabulary;
    private readonly WordEncoder _words;
    private readonly TextNormalizer? _normalizer;
    private readonly PreTokenizerStep[] _steps;
    private readonly TokenFrame _frame;
    private readonly AddedTokenMatcher _inRawText;
    private readonly AddedTokenMatcher _inNormalizedText;
    private readonly Dictionary<string, int> _addedIds = [];
    private readonly HashSet<int> _special = [];
    private readonly WordCache _cache = new();

    public BytePairTokenizer(TokenizerParts parts)
    {
        _source = parts.Source;
        _vocabulary = parts.Vocabulary;
        _words = parts.Words;
        _normalizer = parts.Normalizer;
        _steps = [.. parts.Steps];
        _frame = parts.Frame;
        StripsLeadingSpace = parts.StripsLeadingSpace;
        var found = parts.AddedTokens.Where(token => token.IsFoundInText).ToArray();
        _inRawText = new(found.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        _inNormalizedText = new(found.Where(token => token.Normalized)
            .Select(token => (_normalizer?.Normalize(token.Content) ?? token.Content, token)));
        foreach (var token in parts.AddedTokens)
        {
            _addedIds.TryAdd(token.Content, token.Id);
            if (token.Special)
            {
                _special.Add(token.Id);
            }
        }
    }

    public int VocabularySize => _vocabulary.Size;

    public bool StripsLeadingSpace { get; }

    public int? FindToken(string token) => _addedIds.TryGetValue(token, out var id) ? id : _words.FindToken(token);

    public ReadOnlySpan<byte> TokenBytes(int id) => _vocabulary[id];

    public bool IsSpecial(int id) => _special.Contains(id);

    /// <exception cref="TokenizerException">A pattern of the tokenizer backtracks without measure on this text.</exception>
    public int[] Encode(ReadOnlySpan<char> text, bool addSpecialTokens)
    {
        var scratch = _threadScratch ?? new();
        _threadScratch = null;
        scratch.Tokens.Clear();
        if (addSpecialTokens)
        {
            scratch.Tokens.AddRange(_frame.Before);
        }

        try
        {
            EncodeText(Utf16.Repair(text) ?? text, scratch);
        }
        catch (PatternBudgetException exception)
        {
            throw new TokenizerException(_source, "pre_tokenizer", exception.Message, exception);
        }

        if (addSpecialTokens)
        {
            scratch.Tokens.AddRange(_frame.After);
        }

        int[] result = [.. scratch.Tokens];
        if (scratch.Tokens.Capacity <= LargestKeptScratch)
        {
            _threadScratch = scratch;
        }

        return result;
    }

    /// <summary>Cuts out the added tokens that are looked for in the text as it came.</summary>
    private void EncodeText(ReadOnlySpan<char> text, Scratch scratch)
    {
        var position = 0;
        var taken = 0;
        while (_inRawText.Next(text, ref position, taken, out var start, out var end) is { } token)
        {
            EncodeStretch(text[taken..start], taken == 0, scratch);
            scratch.Tokens.Add(token.Id);
            taken = end;
        }

        EncodeStretch(text[taken..], taken == 0, scratch);
    }

    /// <summary>Normalizes what stands between added tokens, and cuts out those that are looked for in normalized text.</summary>
    private void EncodeStretch(ReadOnlySpan<char> text, bool isTextStart, Scratch scratch)
    {
        if (text.IsEmpty)
        {
            return;
        }

        text = _normalizer?.Normalize(text) ?? text;
        var position = 0;
        var taken = 0;
        while (_inNormalizedText.Next(text, ref position, taken, out var start, out var end) is { } token)
        {
            EncodePieces(text[taken..start], isTextStart && taken == 0, scratch);
            scratch.Tokens.Add(token.Id);
            taken = end;
        }

        EncodePieces(text[taken..], isTextStart && taken == 0, scratch);
    }

    private void EncodePieces(ReadOnlySpan<char> text, bool isTextStart, Scratch scratch)
    {
        var pieces = new PreTokenizedText(text, isTextStart, scratch.Pieces, scratch.SparePieces);
        foreach (var step in _steps)
        {
            step.Apply(ref pieces);
        }

        foreach (var piece in CollectionsMarshal.AsSpan(pieces.Pieces))
        {
            EncodeWord(pieces.Text[piece.Start..piece.End], scratch.Tokens);
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> output)
    {
        if (word.Length > WordCache.LongestWord)
        {
            _words.Encode(word, output);
            return;
        }

        var hash = WordCache.Hash(word);
        if (_cache.TryFind(word, hash, out var tokens))
        {
            output.AddRange(tokens.AsSpan());
            return;
        }

        var start = output.Count;
        _words.Encode(word, output);
        _cache.Add(word, hash, CollectionsMarshal.AsSpan(output)[start..]);
    }

    /// <summary>Lists that one thread uses again for its next text.</summary>
    private sealed class Scratch
    {
        public List<int> Tokens { get; } = new(256);

        public List<TextPiece> Pieces { get; } = new(256);

        public List<TextPiece> SparePieces { get; } = new(256);
    }
}
