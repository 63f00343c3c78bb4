using System.Globalization;
using System.Text;
using XLLM.Silo.Tokenization.Normalization;
using XLLM.Silo.Tokenization.Patterns;
using XLLM.Silo.Tokenization.PreTokenization;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>Reads rank files (tiktoken): each line a token's bytes in base64 and its id, which is also the rank at which two tokens merge into it.</summary>
internal static class RankFileReader
{
    /// <summary>Whether a file looks like one, by its first line. SentencePiece's binary models share the name tokenizer.model.</summary>
    public static bool Recognizes(string path)
    {
        using var stream = File.OpenRead(path);
        Span<byte> head = stackalloc byte[256];
        var line = head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        var end = line.IndexOf((byte)'\n');
        return System.Text.Ascii.IsValid(line[..(end < 0 ? line.Length : end)])
            && TryParse(Encoding.ASCII.GetString(line[..(end < 0 ? line.Length : end)]).TrimEnd('\r'), out _, out _);
    }

    /// <exception cref="TokenizerException">The file is damaged, or nothing tells which pattern belongs to it.</exception>
    public static TokenizerParts Read(string path, TokenizerConfig config)
    {
        var builder = new VocabularyBuilder();
        var ids = ReadRanks(path, builder);
        var family = RankFileFamily.TryFind(config.TokenizerClass, Path.GetFileNameWithoutExtension(path), ids.Count);
        var pattern = config.Pattern ?? family?.Pattern ?? throw new TokenizerException(
            path,
            "the file",
            $"neither pat_str nor the class {config.TokenizerClass ?? "(none)"} in tokenizer_config.json, nor the file's name, nor its {ids.Count} tokens tell the pattern that belongs to it");

        var added = AddedTokensOf(path, builder, config, family, ids.Count);
        var vocabulary = builder.Build(path, added);
        var index = new VocabularyIndex(vocabulary, ids);
        return new()
        {
            Source = path,
            Vocabulary = vocabulary,
            Words = new ByteLevelWordEncoder(
                index,
                MergesOf(vocabulary, index, ids),
                wholeWordsFirst: true,
                readsByteAlphabet: false,
                namesInByteAlphabet: false,
                new Dictionary<string, int>()),
            Normalizer = family is { ComposesText: true } ? new UnicodeFormNormalizer(NormalizationForm.FormC) : null,
            Steps = [new SplitStep(ParsePattern(path, pattern), SplitBehavior.Isolated, invert: false)],
            AddedTokens = added,
            Frame = config.Frame(added),
        };
    }

    private static Pattern ParsePattern(string path, string pattern)
    {
        try
        {
            return Pattern.Parse(pattern);
        }
        catch (FormatException exception)
        {
            throw new TokenizerException(path, "pat_str", exception.Message, exception);
        }
    }

    private static List<int> ReadRanks(string path, VocabularyBuilder builder)
    {
        var ids = new List<int>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0)
            {
                continue;
            }

            if (!TryParse(line, out var bytes, out var id))
            {
                throw new TokenizerException(path, $"line {number}", "must be a token in base64, a space and its rank");
            }

            var problem = builder.Has(id) ? $"the rank {id} stands twice" : builder.TrySet(id, bytes);
            if (problem is not null)
            {
                throw new TokenizerException(path, $"line {number}", problem);
            }

            ids.Add(id);
        }

        return ids.Count > 0 ? ids : throw new TokenizerException(path, "the file", "the vocabulary is empty");
    }

    private static bool TryParse(string line, out byte[] bytes, out int id)
    {
        bytes = [];
        id = -1;
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        if (space <= 0 || !int.TryParse(line.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out id))
        {
            return false;
        }

        bytes = new byte[space];
        var valid = Convert.TryFromBase64Chars(line.AsSpan(0, space), bytes, out var written);
        bytes = bytes[..written];
        return valid && written > 0;
    }

    /// <summary>The companion's added tokens, and the family's at the ids that the companion leaves free.</summary>
    private static List<AddedToken> AddedTokensOf(string path, VocabularyBuilder builder, TokenizerConfig config, RankFileFamily? family, int ranks)
    {
        var tokens = config.AddedTokens.ToList();
        if (tokens.Find(token => builder.Has(token.Id)) is { } clash)
        {
            throw new TokenizerException(path, $"added token \"{clash.Content}\"", $"its id {clash.Id} is a rank of the file already");
        }

        var ids = tokens.Select(token => token.Id).ToHashSet();
        var contents = tokens.Select(token => token.Content).ToHashSet();
        if (config.Pattern is null && family is not null)
        {
            tokens.AddRange(family.Controls(ranks).Where(token => !contents.Contains(token.Content) && ids.Add(token.Id)));
        }

        // Padding and unknown are answers of the tokenizer, not words of its language: the reference encodings read "[PAD]" as text.
        return [.. tokens.Select(token => token.Content == config.PaddingToken || token.Content == config.UnknownToken
            ? token with { IsFoundInText = false }
            : token)];
    }

    /// <summary>Any two tokens merge whose bytes joined are a token: so each way to cut a token in two is a merge of its rank.</summary>
    private static MergeTable MergesOf(Vocabulary vocabulary, VocabularyIndex index, List<int> ids)
    {
        var merges = new List<(int Left, int Right, int Product)>(ids.Count * 2);
        foreach (var id in ids)
        {
            var bytes = vocabulary[id];
            for (var cut = 1; cut < bytes.Length; cut++)
            {
                if (index.Find(bytes[..cut]) is var left and >= 0 && index.Find(bytes[cut..]) is var right and >= 0)
                {
                    merges.Add((left, right, id));
                }
            }
        }

        var table = new MergeTable(merges.Count);
        foreach (var (left, right, product) in merges)
        {
            table.Add(left, right, product, product);
        }

        return table;
    }
}
