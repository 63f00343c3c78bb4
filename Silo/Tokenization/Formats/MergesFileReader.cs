using System.Text;
using XLLM.Silo.Tokenization.Normalization;
using XLLM.Silo.Tokenization.Patterns;
using XLLM.Silo.Tokenization.PreTokenization;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>Reads vocab.json with merges.txt, the form before tokenizer.json. It carries no pre-tokenizer: the original's class implies one.</summary>
internal static class MergesFileReader
{
    /// <summary>Entries of Qwen2's vocabulary, which tells it when no companion names the class.</summary>
    private const int QwenVocabulary = 151_643;

    private static readonly string[] QwenControls = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

    /// <exception cref="TokenizerException">A file is damaged.</exception>
    public static TokenizerParts Read(string vocabularyPath, string mergesPath, TokenizerConfig config)
    {
        var names = ReadNames(vocabularyPath);
        var builder = new VocabularyBuilder();
        var regular = new List<int>(names.Count);
        var odd = new Dictionary<string, int>();
        foreach (var (written, id) in names)
        {
            var bytes = ByteAlphabet.TryParse(written);
            if (bytes is null)
            {
                odd.Add(written, id);
            }
            else
            {
                regular.Add(id);
            }

            if (builder.TrySet(id, bytes ?? Encoding.UTF8.GetBytes(written)) is { } problem)
            {
                throw new TokenizerException(vocabularyPath, $"\"{written}\"", problem);
            }
        }

        var isQwen = config.TokenizerClass is { } name
            ? name.StartsWith("Qwen2", StringComparison.Ordinal)
            : names.Count == QwenVocabulary;
        var added = AddedTokensOf(names, config, isQwen);
        var vocabulary = builder.Build(vocabularyPath, added);
        var steps = new List<PreTokenizerStep>();
        if (config.AddsPrefixSpace && !isQwen)
        {
            steps.Add(new PrefixSpaceStep());
        }

        steps.Add(new SplitStep(Pattern.Parse(isQwen ? KnownPatterns.Qwen : KnownPatterns.Gpt2), SplitBehavior.Isolated, invert: false));
        return new()
        {
            Source = vocabularyPath,
            Vocabulary = vocabulary,
            Words = new ByteLevelWordEncoder(
                new(vocabulary, regular),
                ReadMerges(mergesPath, names),
                wholeWordsFirst: false,
                readsByteAlphabet: false,
                namesInByteAlphabet: true,
                odd),
            Normalizer = isQwen ? new UnicodeFormNormalizer(NormalizationForm.FormC) : null,
            Steps = steps,
            AddedTokens = added,
            Frame = config.Frame(added),
        };
    }

    private static Dictionary<string, int> ReadNames(string path)
    {
        using var stream = File.OpenRead(path);
        using var document = Json.Parse(stream, path);
        var names = new Dictionary<string, int>();
        foreach (var (written, id) in JsonField.Root(path, document.RootElement).Members())
        {
            names[written] = id.AsInteger();
        }

        return names.Count > 0 ? names : throw new TokenizerException(path, "the file", "the vocabulary is empty");
    }

    private static List<AddedToken> AddedTokensOf(Dictionary<string, int> names, TokenizerConfig config, bool isQwen)
    {
        if (config.AddedTokens.Count > 0)
        {
            return [.. config.AddedTokens];
        }

        if (isQwen)
        {
            return [.. QwenControls.Select((content, index) => AddedToken.Control(QwenVocabulary + index, content))];
        }

        // GPT-2's class declares this one token itself.
        return [.. ((string?[])[config.BeginToken, config.EndToken, config.UnknownToken, "<|endoftext|>"])
            .Distinct()
            .Where(content => content is { Length: > 0 } && names.ContainsKey(content))
            .Select(content => AddedToken.Control(names[content!], content!))];
    }

    private static MergeTable ReadMerges(string path, Dictionary<string, int> names)
    {
        var lines = File.ReadAllLines(path);
        var table = new MergeTable(lines.Length);
        var rank = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length == 0 || (i == 0 && lines[i].StartsWith("#version", StringComparison.Ordinal)))
            {
                continue;
            }

            if (lines[i].Split(' ') is not [var left, var right])
            {
                throw new TokenizerException(path, $"line {i + 1}", $"\"{lines[i]}\" must have 2 parts with one space between");
            }

            table.Add(Id(left), Id(right), rank++, Id(left + right));

            int Id(string written) => names.TryGetValue(written, out var id)
                ? id
                : throw new TokenizerException(path, $"line {i + 1}", $"\"{left}\" and \"{right}\" merge, but \"{written}\" is not in the vocabulary");
        }

        return table;
    }
}
